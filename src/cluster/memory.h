// What must outlive one observation: the history of the primary's WAL and what each server was
// when it last answered. A value that is handed from one observation to the next.
#pragma once

#include "cluster/cluster.h"
#include "cluster/wal_history.h"

#include <deque>
#include <map>
#include <optional>
#include <string>

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

struct ServerMemory {
  std::optional<Role> role;
  std::optional<pg::TimelineId> timeline;
  std::optional<ServerTime> postmaster_start_time;
  std::optional<pg::Lsn> position;          // a standby's: by its own or its sender's word
  std::optional<Instant> position_read_at;  // likewise
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
};

struct Memory {
  WalHistory history;
  std::optional<PrimaryMemory> primary;
  // The position at which each timeline we saw begin was first seen.
  std::map<pg::TimelineId, pg::Lsn> timeline_starts;
  std::optional<Instant> conflict_since;  // first sight of more than one primary
  // The furthest position that a connected standby has flushed on the present timeline.
  std::optional<pg::Lsn> safe_position;
  std::optional<ArchivedMemory> archived;
  SlotsInactiveSince slots_inactive_since;
  std::map<std::string, ServerMemory> servers;
  std::vector<Anomaly> anomalies;  // of the last observation
  std::map<std::string, EndpointMemory> endpoints;
  std::map<std::string, bool> pgbouncers_up;
  std::uint64_t failovers = 0;
  std::optional<Instant> last_failover;
  std::optional<Seconds> last_failover_downtime;
};

// Of a server that is watched no more: its name may be another's later.
void forget_server(Memory& memory, const std::string& server);

}  // namespace pgrepl::cluster
