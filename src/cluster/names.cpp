// The words under which the cluster's states are exported.
#include "cluster/cluster.h"
#include "cluster/event.h"

namespace pgrepl::cluster {

std::string_view to_string(Evidence evidence) {
  switch (evidence) {
    case Evidence::Slot:
      return "slot";
    case Evidence::Sender:
      return "sender";
    case Evidence::ApplicationName:
      return "application_name";
    case Evidence::Address:
      return "address";
    case Evidence::Remembered:
      return "remembered";
  }
  return "";
}

std::string_view to_string(StandbyState state) {
  switch (state) {
    case StandbyState::Streaming:
      return "streaming";
    case StandbyState::Catchup:
      return "catchup";
    case StandbyState::ArchiveRecovery:
      return "archive_recovery";
    case StandbyState::Paused:
      return "paused";
    case StandbyState::Delayed:
      return "delayed";
    case StandbyState::Disconnected:
      return "disconnected";
    case StandbyState::UpstreamDown:
      return "upstream_down";
    case StandbyState::Unreachable:
      return "unreachable";
    case StandbyState::Diverged:
      return "diverged";
    case StandbyState::NeverSeen:
      return "never_seen";
    case StandbyState::Foreign:
      return "foreign";
    case StandbyState::Ahead:
      return "ahead";
    case StandbyState::Warm:
      return "warm";
    case StandbyState::Detached:
      return "detached";
    case StandbyState::Connecting:
      return "connecting";
    case StandbyState::Unknown:
      return "unknown";
  }
  return "";
}

std::string_view to_string(Anomaly anomaly) {
  switch (anomaly) {
    case Anomaly::NoPrimary:
      return "no_primary";
    case Anomaly::SplitBrain:
      return "split_brain";
    case Anomaly::TimelineDivergence:
      return "timeline_divergence";
    case Anomaly::MixedSystemIdentifiers:
      return "mixed_system_identifiers";
    case Anomaly::OrphanedSlot:
      return "orphaned_slot";
    case Anomaly::UnknownStandby:
      return "unknown_standby";
    case Anomaly::DiscoveryFailed:
      return "discovery_failed";
    case Anomaly::StalePrimary:
      return "stale_primary";
    case Anomaly::PrimaryRewound:
      return "primary_rewound";
    case Anomaly::StandbyAhead:
      return "standby_ahead";
    case Anomaly::ListedTwice:
      return "listed_twice";
    case Anomaly::ReplicationLoop:
      return "replication_loop";
    case Anomaly::NotPermitted:
      return "not_permitted";
    case Anomaly::CommitsWaiting:
      return "commits_waiting";
    case Anomaly::TwoOrigins:
      return "two_origins";
  }
  return "";
}

std::string_view to_string(ClusterRole role) {
  return role == ClusterRole::Origin ? "origin" : "standby";
}

std::string_view to_string(EventKind kind) {
  switch (kind) {
    case EventKind::ServerUp:
      return "server_up";
    case EventKind::ServerDown:
      return "server_down";
    case EventKind::StandbyState:
      return "standby_state";
    case EventKind::Failover:
      return "failover";
    case EventKind::PrimaryChanged:
      return "primary_changed";
    case EventKind::Rewound:
      return "rewound";
    case EventKind::Rebuilt:
      return "rebuilt";
    case EventKind::AnomalyBegan:
      return "anomaly_began";
    case EventKind::AnomalyEnded:
      return "anomaly_ended";
    case EventKind::EndpointOk:
      return "endpoint_ok";
    case EventKind::EndpointNotOk:
      return "endpoint_not_ok";
    case EventKind::PgBouncerUp:
      return "pgbouncer_up";
    case EventKind::PgBouncerDown:
      return "pgbouncer_down";
  }
  return "";
}

}  // namespace pgrepl::cluster
