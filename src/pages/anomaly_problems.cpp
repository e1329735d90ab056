#include "pages/anomaly_problems.h"

#include <algorithm>

namespace pgrepl::pages {

namespace {

using cluster::Anomaly;
using cluster::Server;
using cluster::StandbyState;

// A server that was the primary and answers as a standby was demoted, or found a standby.signal.
// To promote another one beside it is a decision, not a repair.
bool old_primary_is_a_standby(const cluster::AnomalyFinding& finding) {
  return finding.evidence.find("is in recovery") != std::string::npos;
}

bool lost_its_upstream(const cluster::Cluster& cluster, const std::string& name) {
  return std::ranges::any_of(cluster.servers, [&name](const Server& server) {
    return server.sample.name == name && server.standby &&
           server.standby->state == StandbyState::UpstreamDown;
  });
}

Advice advise_no_primary(const WatchedCluster& watched, const cluster::AnomalyFinding& finding) {
  if (old_primary_is_a_standby(finding)) {
    return {
        Remedy::Look,
        "Find out whether it was demoted, or whether a standby.signal was left in its data "
        "directory: without it, it starts as a primary again."};
  }
  const auto& best = watched.cluster.best_candidate;
  if (best && lost_its_upstream(watched.cluster, *best)) {
    return {
        Remedy::Promote,
        "Bring the primary back. If it cannot come back, make sure that it is stopped, and "
        "promote " +
            *best + ": SELECT pg_promote()."};
  }
  return {Remedy::Reconnect, "Bring the primary back; check that this exporter can reach it."};
}

Advice advise_orphaned_slots(const WatchedCluster& watched) {
  const cluster::Cluster& cluster = watched.cluster;
  if (!cluster.primary) {
    return {Remedy::Look, "Find out who read them."};
  }
  for (const cluster::SlotStatus& status : cluster.servers[*cluster.primary].slots) {
    for (const Server& server : cluster.servers) {
      const bool reads = server.standby && server.standby->upstream &&
                         server.standby->upstream->slot_name == status.slot.name;
      if (reads && !status.slot.active) {
        return {
            Remedy::Reconnect,
            "Bring " + server.sample.name + " back, which reads slot " + status.slot.name + "."};
      }
    }
  }
  return {
      Remedy::DropSlot,
      "No server that is watched reads them. Start their consumers; drop a slot only when its "
      "consumer will never come back: SELECT pg_drop_replication_slot('…')."};
}

Advice advise_grant(const WatchedCluster& watched) {
  for (const Server& server : watched.cluster.servers) {
    const auto& facts = server.sample.facts;
    if (!facts || facts->login.empty() || facts->has_monitor_rights.value_or(true)) {
      continue;
    }
    const std::string role = '"' + facts->login + '"';
    if (facts->is_monitor_member.value_or(false)) {
      return {
          Remedy::Grant,
          "The role is a member of pg_monitor and does not inherit its rights: ALTER ROLE " + role +
              " INHERIT; from PostgreSQL 16 on: GRANT pg_monitor TO " + role +
              " WITH INHERIT TRUE;"};
    }
    return {Remedy::Grant, "GRANT pg_monitor TO " + role + ";"};
  }
  return {Remedy::Grant, "Grant pg_monitor to the role that the exporter logs in as."};
}

struct Words {
  Severity severity;
  Advice advice;
};

Words words_for_misfits(Anomaly anomaly) {
  switch (anomaly) {
    case Anomaly::TimelineDivergence:
      return {
          Severity::Critical, {Remedy::Rebuild, "Rebuild them with pg_rewind or pg_basebackup."}};
    case Anomaly::StandbyAhead:
      return {
          Severity::Critical,
          {Remedy::Look,
           "They hold changes that the primary has lost: save those before anything is rebuilt."}};
    case Anomaly::StalePrimary:
      return {
          Severity::Critical,
          {Remedy::StopWrites,
           "Stop writes to it now, and bring back the server that was promoted after it."}};
    case Anomaly::PrimaryRewound:
      return {
          Severity::Critical,
          {Remedy::StopWrites,
           "Stop writes to it until it is decided whose data counts: a standby that is ahead may "
           "hold what was lost."}};
    case Anomaly::TwoOrigins:
      return {
          Severity::Critical,
          {Remedy::StopWrites,
           "Stop writes to one of them now. When this cluster is meant to take over or to live on "
           "its own, take `follows` out of its configuration."}};
    case Anomaly::SplitBrain:
      return {
          Severity::Critical,
          {Remedy::StopWrites,
           "Stop writes to all but one of them now; what was written to the others must be saved "
           "by hand."}};
    default:
      return {Severity::Warning, {}};
  }
}

Words words_for_the_list(Anomaly anomaly) {
  switch (anomaly) {
    case Anomaly::UnknownStandby:
      return {
          Severity::Warning,
          {Remedy::Configure, "Add it to the configuration, or find out what it is."}};
    case Anomaly::DiscoveryFailed:
      return {
          Severity::Warning,
          {Remedy::Look,
           "The servers known until now are still watched; new ones are not found until the source "
           "answers again."}};
    default:
      return {
          Severity::Warning,
          {Remedy::Configure, "Take one of the two names out of this cluster's list."}};
  }
}

Words words_for(const WatchedCluster& watched, const cluster::AnomalyFinding& finding) {
  switch (finding.anomaly) {
    case Anomaly::NoPrimary:
      return {Severity::Critical, advise_no_primary(watched, finding)};
    case Anomaly::MixedSystemIdentifiers:
      return {
          Severity::Critical,
          {Remedy::Configure,
           "They belong to another cluster: take them out of this cluster's list."}};
    case Anomaly::OrphanedSlot:
      return {Severity::Warning, advise_orphaned_slots(watched)};
    case Anomaly::ReplicationLoop:
      return {
          Severity::Critical,
          {Remedy::Reconnect, "Point primary_conninfo of one of them at the primary."}};
    case Anomaly::NotPermitted:
      return {Severity::Warning, advise_grant(watched)};
    case Anomaly::CommitsWaiting:
      return {
          Severity::Critical,
          {Remedy::WeakenSetting,
           "Bring a synchronous standby back. When none can come back, take it out of "
           "synchronous_standby_names on the primary: commits then no longer wait for it."}};
    case Anomaly::UnknownStandby:
    case Anomaly::DiscoveryFailed:
    case Anomaly::ListedTwice:
      return words_for_the_list(finding.anomaly);
    case Anomaly::TimelineDivergence:
    case Anomaly::StandbyAhead:
    case Anomaly::StalePrimary:
    case Anomaly::PrimaryRewound:
    case Anomaly::SplitBrain:
    case Anomaly::TwoOrigins:
      return words_for_misfits(finding.anomaly);
  }
  return {Severity::Warning, {}};
}

}  // namespace

Problem describe_anomaly(const WatchedCluster& watched, const cluster::AnomalyFinding& finding) {
  Words words = words_for(watched, finding);
  return {
      .severity = words.severity,
      .server = "",
      .message = finding.evidence,
      .advice = std::move(words.advice.text),
      .remedy = words.advice.remedy,
      .evidence = finding.evidence,
      .kind = std::string{to_string(finding.anomaly)}};
}

}  // namespace pgrepl::pages
