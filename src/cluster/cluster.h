// One cluster as all its servers together show it: the product's picture of the world. A value.
#pragma once

#include "cluster/activity.h"
#include "cluster/endpoint.h"
#include "cluster/exposure.h"
#include "cluster/lag.h"
#include "cluster/pgbouncer.h"
#include "cluster/sample.h"
#include "cluster/slots.h"

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
  ArchiveRecovery,  // replays from the archive, without a receiver
  Paused,
  Delayed,       // waits for its configured recovery_min_apply_delay
  Disconnected,  // answers us, but receives nothing
  UpstreamDown,  // likewise, and its upstream does not answer us either
  Unreachable,   // does not answer us
  Diverged,      // went past the point where the primary's timeline began
  NeverSeen,     // configured, and has never answered
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
};

struct Server {
  ServerSample sample;
  // Now, or when it last answered; absent when it never did.
  std::optional<Role> role;
  std::optional<pg::TimelineId> timeline;
  std::optional<Standby> standby;  // of every server that is not known to be a primary
  std::vector<SlotStatus> slots;   // of the last round; empty while it does not answer
  RecentActivity activity;         // of the last minute
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
};

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
  std::optional<std::string> best_candidate;  // the standby that would lose least
  std::size_t primaries = 0;                  // servers that answer as one
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
