// What must outlive one observation: the history of the primary's WAL and what each server was
// when it last answered. A value that is handed from one observation to the next.
#pragma once

#include "cluster/cluster.h"
#include "cluster/position.h"
#include "cluster/slots.h"
#include "cluster/waits.h"
#include "cluster/wal_history.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::cluster {

// A standby's replay positions over the last minute, for its rate.
class ReplayRate {
 public:
  void note(pg::Lsn position, Instant at);
  // Absent with less than two readings.
  [[nodiscard]] std::optional<double> bytes_per_second() const;

 private:
  std::deque<WalHistory::Point> readings_;
};

// A position as it was read, and when its answer was here: a slow server may have read it at any
// moment before.
struct ReadPosition {
  pg::Lsn position;
  Instant read_by;
};

struct ServerMemory {
  std::optional<pg::SystemIdentifier> birth;
  std::optional<Role> role;
  std::optional<pg::TimelineId> timeline;
  // Where it certainly was on a timeline, last. Holds as long as it does not go back behind it.
  std::optional<ControlPoint> last_certain;
  // It was a primary on this timeline, and has become a standby since: it is no proof any more that
  // the cluster has moved there.
  std::optional<pg::TimelineId> resigned_on;
  std::optional<ReadPosition> reading_before;  // the one before `position`, of the same life
  // It holds WAL that the primary's history does not have, although they share a timeline: the
  // primary went back. Withdrawn when the server itself goes back, as a rebuilt one does.
  bool beyond_primary = false;
  std::optional<Instant>
      archive_ahead_since;  // first sight of archived WAL that it has not replayed
  std::optional<ServerTime> postmaster_start_time;
  std::optional<pg::Lsn> position;          // a standby's: by its own or its sender's word
  std::optional<Instant> position_read_by;  // when that answer was here
  std::optional<Seconds> lag;               // while one of them could say where it was
  std::optional<Instant> silent_since;      // first sight of neither saying anything
  std::optional<Instant> answered_at;
  std::optional<Instant> position_moved_at;  // when a standby was last seen to have replayed more
  std::optional<Upstream> upstream;
  std::optional<StandbyState> state;
  Instant state_since;
  std::optional<pg::FailureReason> failure;
  ReplayRate replay_rate;
  ActivityHistory activity;
};

// The primary stands at an older position than it did.
struct Rewind {
  std::string server;
  pg::TimelineId timeline{};
  pg::Lsn from;
  pg::Lsn to;
  Instant seen_at;

  friend bool operator==(const Rewind&, const Rewind&) = default;
};

struct PrimaryMemory {
  std::string server;
  pg::TimelineId timeline{};
  PrimaryReading reading;
  // server time minus ours at the last reading: turns its commit times into our instants
  Seconds clock_to_instant{};
};

struct ArchivedMemory {
  pg::TimelineId timeline{};
  pg::Lsn position;  // the archive has all before it
};

struct EndpointMemory {
  bool ok = false;
  std::optional<std::string> server;
  std::vector<std::string> known_servers;  // all that it led to while it was ok
};

// What a standby's receiver said of the WAL of an upstream that we cannot ask.
struct FarEnd {
  PrimaryReading reading;  // of the moment of its last message
  Instant contact;
  // The standby's clock minus its upstream's, by that message; 0 when it did not say.
  Seconds clock_offset{};
};

struct OtherFamily;

struct Memory {
  std::optional<pg::SystemIdentifier> system;  // of the cluster
  WalHistory history;
  std::optional<PrimaryMemory> primary;
  std::optional<FarEnd> far_end;
  std::optional<ClusterRole> role;
  std::optional<Rewind> rewind;
  Timelines timelines;
  std::optional<Instant> conflict_since;  // first sight of more than one primary
  // The furthest position that a connected standby has flushed on the present timeline.
  std::optional<pg::Lsn> safe_position;
  std::optional<ArchivedMemory> archived;
  bool archives_nothing = false;  // the primary's archive_mode is off
  SlotsInactiveSince slots_inactive_since;
  SlotMemories slots;
  SyncWaitMemory sync_waits;
  std::map<std::string, ServerMemory> servers;
  std::vector<Anomaly> anomalies;  // of the last observation
  std::map<std::string, EndpointMemory> endpoints;
  std::map<std::string, bool> pgbouncers_up;
  std::uint64_t failovers = 0;
  std::optional<Instant> last_failover;
  std::optional<Seconds> last_failover_downtime;
  // Entries that lead to a server listed before, by name: found when both answered.
  std::map<std::string, std::string> same_server;
  std::map<std::string, Instant> foreign_since;  // strangers without a cluster of their own here
  std::vector<OtherFamily> others;               // servers of other clusters in the same list
};

struct OtherFamily {
  pg::SystemIdentifier system{};
  Memory memory;
};

// Of a server that is watched no more: its name may be another's later.
void forget_server(Memory& memory, const std::string& server);

}  // namespace pgrepl::cluster
