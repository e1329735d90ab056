// Replication slots: how much WAL each keeps, who uses it, how far its consumer has got, and when
// that consumer will be cut off.
#pragma once

#include "cluster/lag.h"
#include "cluster/sample.h"
#include "cluster/wal_history.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::cluster {

struct SlotStatus {
  ReplicationSlot slot;
  std::optional<std::uint64_t> retained_bytes{};
  // Until its limit cuts the consumer off, at the rate at which the slot falls behind. Absent
  // without a limit and while that rate is not known; infinite while it does not fall behind.
  std::optional<Seconds> time_to_loss{};
  std::optional<Seconds> inactive{};  // 0 while it is in use
  bool holds_wal = false;             // it keeps WAL from being removed
  // Since its position last moved, as far as WAL was written since; 0 while it moves.
  std::optional<Seconds> stalled{};
  ReplicationLag lag{};  // of what its consumer confirmed; only for slots of the primary
  // Physical slots of synchronized_standby_slots without a consumer: logical decoding waits for
  // them (17+). Only for failover slots that stand still.
  std::vector<std::string> waits_for{};
};

// Whether the server made the slot for itself (pg_conflict_detection, 19+).
[[nodiscard]] bool is_reserved_slot(const ReplicationSlot& slot);

// Why the slot is of no use any more: the server's own word (17+), or what older versions show of
// it. Absent while it is valid.
[[nodiscard]] std::optional<std::string> invalidation_of(const ReplicationSlot& slot);

// What the consumer has certainly got.
[[nodiscard]] std::optional<pg::Lsn> confirmed_by(const ReplicationSlot& slot);

// Since when each slot was seen without a consumer, by server and name; for PostgreSQL before 17,
// which does not say.
using SlotsInactiveSince = std::map<std::pair<std::string, std::string>, Instant>;

// What was seen of one slot over the last minutes.
struct SlotMemory {
  struct Reading {
    Instant at;
    pg::Lsn end;      // where the server's WAL ended
    pg::Lsn restart;  // what the slot kept
  };

  std::deque<Reading> readings;
  std::optional<pg::Lsn> position;  // its consumer's, when it last moved
  std::optional<pg::Lsn> wal_then;  // where the server's WAL ended then
  std::optional<Instant> behind_since;
};

using SlotMemories = std::map<std::pair<std::string, std::string>, SlotMemory>;

struct SlotsMemory {
  SlotsInactiveSince& inactive_since;
  SlotMemories& slots;
};

// The slots of one server. `history` is that of the primary's WAL, null for slots of a standby.
[[nodiscard]] std::vector<SlotStatus> describe_slots(
    const ServerSample& sample, const WalHistory* history, SlotsMemory memory, Instant now
);

}  // namespace pgrepl::cluster
