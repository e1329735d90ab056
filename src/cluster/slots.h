// Replication slots: how much WAL each keeps, who uses it, and when its consumer will be cut off.
#pragma once

#include "cluster/lag.h"
#include "cluster/sample.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::cluster {

struct SlotStatus {
  ReplicationSlot slot;
  std::optional<std::uint64_t> retained_bytes;
  std::optional<Seconds> time_to_loss;  // absent without a limit; infinite while nothing is written
  std::optional<Seconds> inactive;      // 0 while it is in use
};

// Since when each slot was seen without a consumer, by server and name; for PostgreSQL before 17,
// which does not say.
using SlotsInactiveSince = std::map<std::pair<std::string, std::string>, Instant>;

// The slots of one server. `wal_rate` is the primary's, in bytes per second.
[[nodiscard]] std::vector<SlotStatus> describe_slots(
    const ServerSample& sample,
    std::optional<double> wal_rate,
    SlotsInactiveSince& inactive_since,
    Instant now
);

}  // namespace pgrepl::cluster
