// One cluster as all its servers together show it: the product's picture of the world. A value.
#pragma once

#include "cluster/activity.h"
#include "cluster/endpoint.h"
#include "cluster/exposure.h"
#include "cluster/lag.h"
#include "cluster/pgbouncer.h"
#include "cluster/sample.h"
#include "cluster/slots.h"
#include "cluster/waits.h"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::cluster {

// What ties a standby to its upstream, strongest first.
enum class Evidence : std::uint8_t {
  Slot,             // the slot its receiver names is held by the sender
  Sender,           // its receiver names the upstream's host and port
  ApplicationName,  // the sender carries the standby's application_name or cluster_name
  Address,          // the sender's client is the standby's address
  Remembered,       // it cannot be asked now; it had this sender before
};

[[nodiscard]] std::string_view to_string(Evidence evidence);

struct Upstream {
  std::string server;
  std::string application_name;
  std::optional<std::string> slot_name;
  Evidence evidence = Evidence::Sender;

  friend bool operator==(const Upstream&, const Upstream&) = default;
};

enum class StandbyState : std::uint8_t {
  Streaming,
  Catchup,
  ArchiveRecovery,  // follows the archive (restore_command), without a receiver
  Paused,
  Delayed,       // waits for its configured recovery_min_apply_delay
  Disconnected,  // answers us, but receives nothing
  UpstreamDown,  // likewise, and its upstream does not answer us either
  Unreachable,   // does not answer us
  Diverged,      // went past the point where the primary's timeline began
  NeverSeen,     // configured, and has never answered
  Foreign,       // was born in another cluster
  Ahead,         // holds WAL that its primary does not have: the primary went back
  Warm,          // takes no connections (hot_standby = off), and its upstream feeds it
  Detached,      // receives, but the chain of its upstreams ends in a loop or receives nothing
  Connecting,    // its receiver has not begun to stream yet
  Unknown,       // our role may not see its receiver: never exported
};

[[nodiscard]] std::string_view to_string(StandbyState state);
inline constexpr std::array kStandbyStates{
    StandbyState::Streaming,
    StandbyState::Catchup,
    StandbyState::ArchiveRecovery,
    StandbyState::Paused,
    StandbyState::Delayed,
    StandbyState::Disconnected,
    StandbyState::UpstreamDown,
    StandbyState::Unreachable,
    StandbyState::Diverged,
    StandbyState::NeverSeen,
    StandbyState::Foreign,
    StandbyState::Ahead,
    StandbyState::Warm,
    StandbyState::Detached,
    StandbyState::Connecting,
};

// Where the chain of upstreams of a standby ends.
enum class Chain : std::uint8_t {
  Primary,
  Elsewhere,  // at a server that receives from one we do not watch, or follows an archive
  Loop,       // nowhere: they receive from each other
  Broken,     // at a standby that receives nothing
  Unknown,    // at a server that does not answer us
};

// Why replay is paused; Unknown when nothing proves one of them.
enum class PauseCause : std::uint8_t {
  Unknown,
  Requested,       // pg_wal_replay_pause(), for every other cause is ruled out
  Settings,        // a setting is lower than its primary's (manual, "Administrator's Overview")
  RecoveryTarget,  // a recovery target is set; resuming may promote it
};

// A setting that a standby must have at least as high as its primary.
struct LowSetting {
  std::string name;
  std::int64_t here = 0;
  std::int64_t primary = 0;

  friend bool operator==(const LowSetting&, const LowSetting&) = default;
};

// The WAL that a standby needs next is gone from its upstream.
struct MissingWal {
  std::string upstream;
  pg::Lsn needed;                  // where the segment that it needs begins
  pg::Lsn oldest;                  // where the oldest one that its upstream has begins
  bool may_be_in_archive = false;  // it has a restore_command

  friend bool operator==(const MissingWal&, const MissingWal&) = default;
};

// Everything about a server in the part of a standby. Positions, where given, are in `tick`.
struct Standby {
  StandbyState state = StandbyState::NeverSeen;
  Instant state_since;
  ReplicationLag lag;
  std::array<StageLag, 4> stages;  // by Stage; absent without its sender's row
  std::optional<Stage> bottleneck;
  std::optional<Upstream> upstream;
  std::optional<double> replay_bytes_per_second;
  std::optional<Seconds> catchup;  // infinite when it is not catching up; 0 when caught up
  std::optional<Seconds> last_message_age;
  bool failover_ready = false;  // could be promoted now within the recovery point objective
  Chain chain = Chain::Unknown;
  std::string evidence;                          // a sentence for people that proves the state
  PauseCause pause_cause = PauseCause::Unknown;  // while it is paused
  std::vector<LowSetting> low_settings;
  std::optional<MissingWal> missing_wal;
  bool upstream_answers = false;  // of the upstream it has or last had; unknown, of the primary
  // It stays on this one although its primary is on a later timeline: recovery_target_timeline is
  // not latest.
  std::optional<pg::TimelineId> kept_timeline{};
  // It receives nothing until it has replayed what it holds; a pause or a delay keeps it from that.
  bool replays_first = false;
};

// Whether it received from an upstream that does not answer, and receives from nobody now. Absent
// rights prove nothing.
[[nodiscard]] inline bool has_lost_its_upstream(
    const ServerSample& sample, const Standby& standby
) {
  if (!sample.tick || sample.tick->reading.receiver || sample.tick->reading.receiver.is_hidden()) {
    return false;
  }
  return standby.state == StandbyState::UpstreamDown ||
         (standby.upstream && !standby.upstream_answers);
}

// Whether it receives WAL that comes from a primary, as far as can be told.
[[nodiscard]] inline bool follows(const Standby& standby) {
  return standby.chain != Chain::Loop && standby.chain != Chain::Broken;
}

struct Server {
  ServerSample sample;
  // Now, or when it last answered; absent when it never did.
  std::optional<Role> role;
  std::optional<pg::TimelineId> timeline;
  std::optional<Standby> standby;      // of every server that is not known to be a primary
  std::vector<SlotStatus> slots;       // of the last round; empty while it does not answer
  RecentActivity activity;             // of the last minute
  std::optional<std::string> same_as;  // the server that this entry of the list leads to, too
};

// Synchronous replication of the primary: what synchronous_standby_names asks for, and what is
// there.
struct SyncStandbys {
  std::size_t present = 0;
  std::size_t required = 0;

  friend bool operator==(const SyncStandbys&, const SyncStandbys&) = default;
};

enum class Anomaly : std::uint8_t {
  NoPrimary,
  SplitBrain,
  TimelineDivergence,
  MixedSystemIdentifiers,
  OrphanedSlot,
  UnknownStandby,
  DiscoveryFailed,
  StalePrimary,    // takes writes on a timeline that the cluster has left
  PrimaryRewound,  // stands at an older position of its own timeline
  StandbyAhead,
  ListedTwice,
  ReplicationLoop,
  NotPermitted,  // our role may not see what the model needs
  CommitsWaiting,
  TwoOrigins,  // takes writes, and so does the cluster that it is configured to follow
};

[[nodiscard]] std::string_view to_string(Anomaly anomaly);
inline constexpr std::array kAnomalies{
    Anomaly::NoPrimary,
    Anomaly::SplitBrain,
    Anomaly::TimelineDivergence,
    Anomaly::MixedSystemIdentifiers,
    Anomaly::OrphanedSlot,
    Anomaly::UnknownStandby,
    Anomaly::DiscoveryFailed,
    Anomaly::StalePrimary,
    Anomaly::PrimaryRewound,
    Anomaly::StandbyAhead,
    Anomaly::ListedTwice,
    Anomaly::ReplicationLoop,
    Anomaly::NotPermitted,
    Anomaly::CommitsWaiting,
    Anomaly::TwoOrigins,
};

// Whether the cluster has its primary among the servers we watch, or follows one elsewhere.
enum class ClusterRole : std::uint8_t { Origin, Standby };

[[nodiscard]] std::string_view to_string(ClusterRole role);

struct AnomalyFinding {
  Anomaly anomaly;
  std::string evidence;  // a sentence for people, naming the servers

  friend bool operator==(const AnomalyFinding&, const AnomalyFinding&) = default;
};

struct Cluster {
  std::string name;
  std::vector<Server> servers;         // in the order of the configuration
  std::optional<std::size_t> primary;  // absent when none answers, or more than one
  std::optional<pg::TimelineId> timeline;
  std::vector<AnomalyFinding> anomalies;
  std::vector<EndpointStatus> endpoints;
  std::vector<PgBouncerStatus> pgbouncers;
  std::optional<SyncStandbys> sync_standbys;  // absent while the primary does not answer
  Exposure data_loss;                         // absent until a standby was seen connected
  Exposure archive;  // absent without archiving, and until a file was archived
  // The standby that would lose least: of those that are ready while the primary answers, of all
  // that could be promoted while none does. None while two primaries answer.
  std::optional<std::string> best_candidate;
  std::size_t primaries = 0;                 // servers that answer as one
  std::optional<std::size_t> stale_primary;  // takes writes on a timeline that was left
  ClusterRole role = ClusterRole::Origin;
  std::optional<CommitsWaiting> commits_waiting;  // absent when our role may not see them
  std::uint64_t failovers = 0;
  std::optional<Instant> last_failover;
  std::optional<Seconds> last_failover_downtime;
  // False: other exporters observe it. Which servers answer is known then, and nothing else.
  bool observed = true;
};

// Whether we may speak for the cluster: none of its servers is left to other exporters.
[[nodiscard]] bool is_observed(std::span<const ServerSample> samples);

// The cluster of which we only know which servers answer.
[[nodiscard]] Cluster leave_to_others(std::string name, std::span<const ServerSample> samples);

}  // namespace pgrepl::cluster
