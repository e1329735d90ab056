#include "pages/anomaly_problems.h"

#include "pages/quantities.h"
#include "pages/silence_problems.h"
#include "pages/waiting_commits.h"

#include <algorithm>
#include <utility>
#include <vector>

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

const Server* find_server(const cluster::Cluster& cluster, const std::string& name) {
  const auto found = std::ranges::find_if(cluster.servers, [&name](const Server& server) {
    return server.sample.name == name;
  });
  return found == cluster.servers.end() ? nullptr : &*found;
}

// The standby that is connected to a server beyond our sight: its primary may run, and only we
// cannot reach it. Null when there is none.
const Server* connected_to_a_primary(const cluster::Cluster& cluster) {
  const auto is_below_a_standby = [&cluster](const Server& server) {
    const auto& upstream = server.standby->upstream;
    const Server* above = upstream ? find_server(cluster, upstream->server) : nullptr;
    return above != nullptr && above->role == cluster::Role::Standby;
  };
  const auto found = std::ranges::find_if(cluster.servers, [&](const Server& server) {
    return server.standby && server.sample.tick && server.sample.tick->reading.receiver &&
           server.sample.tick->reading.receiver->status == "streaming" &&
           (server.standby->chain == cluster::Chain::Elsewhere ||
            server.standby->chain == cluster::Chain::Unknown) &&
           !is_below_a_standby(server);
  });
  return found == cluster.servers.end() ? nullptr : &*found;
}

// A connection is no proof that the other end runs: the age of its last message says more.
Advice advise_connected(const Server& server) {
  const auto& age = server.standby->last_message_age;
  return {
      Remedy::Look,
      server.sample.name + " is still connected to a primary" +
          (age ? ", from which it last heard " + format_time(age) + " ago" : "") +
          ": find out whether that one runs, and mend this exporter's way and login to it. Promote "
          "nobody before."};
}

// The server that may be the primary, and takes no connections for now.
const Server* primary_on_its_way(const cluster::Cluster& cluster) {
  const auto found = std::ranges::find_if(cluster.servers, [](const Server& server) {
    return is_on_its_way(server) &&
           server.role.value_or(cluster::Role::Primary) == cluster::Role::Primary;
  });
  return found == cluster.servers.end() ? nullptr : &*found;
}

// A paused standby says so even where nobody has seen from whom it received.
bool receives_from_nobody(const Server& server) {
  const auto& tick = server.sample.tick;
  const bool has_receiver = !tick || tick->reading.receiver || tick->reading.receiver.is_hidden();
  return has_lost_its_upstream(server.sample, *server.standby) ||
         (server.standby->state == StandbyState::Paused && !has_receiver &&
          !server.standby->upstream_answers);
}

std::string words_of_promotion(const Server& best) {
  std::string text = "promote " + best.sample.name + ": SELECT pg_promote().";
  if (best.standby->state == StandbyState::Paused) {
    text += " It has the most WAL; a promotion ends its pause and replays that.";
  } else if (best.standby->state == StandbyState::Delayed || best.standby->replays_first) {
    text += " It has the most WAL; a promotion ends its delay and replays that.";
  }
  return text;
}

Advice advise_no_primary(const WatchedCluster& watched, const cluster::AnomalyFinding& finding) {
  const cluster::Cluster& cluster = watched.cluster;
  if (old_primary_is_a_standby(finding)) {
    return {
        Remedy::Look,
        "Find out whether it was demoted, or whether a standby.signal was left in its data "
        "directory: without it, it starts as a primary again."};
  }
  if (const Server* coming = primary_on_its_way(cluster)) {
    return {
        Remedy::Look,
        "Wait for " + coming->sample.name +
            ", which is starting up or shutting down: its log says how far it is. Promote nobody "
            "before it is certain that it will not come back, and stopped."};
  }
  const Server* best =
      cluster.best_candidate ? find_server(cluster, *cluster.best_candidate) : nullptr;
  if (best != nullptr && best->standby && receives_from_nobody(*best) &&
      connected_to_a_primary(cluster) == nullptr) {
    return {
        Remedy::Promote,
        "Bring the primary back. If it cannot come back, make sure that it is stopped, and " +
            words_of_promotion(*best)};
  }
  if (const Server* connected = connected_to_a_primary(cluster)) {
    return advise_connected(*connected);
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

std::string grant_for(const cluster::ServerFacts& facts) {
  const std::string role = '"' + facts.login + '"';
  if (facts.is_monitor_member.value_or(false)) {
    return "The role is a member of pg_monitor and does not inherit its rights: ALTER ROLE " +
           role + " INHERIT; from PostgreSQL 16 on: GRANT pg_monitor TO " + role +
           " WITH INHERIT TRUE;";
  }
  return "GRANT pg_monitor TO " + role + ";";
}

// One statement for each role that lacks rights: servers may be asked as different ones.
Advice advise_grant(const WatchedCluster& watched) {
  std::vector<std::string> grants;
  for (const Server& server : watched.cluster.servers) {
    const auto& facts = server.sample.facts;
    if (!facts || facts->login.empty() || facts->has_monitor_rights.value_or(true)) {
      continue;
    }
    std::string grant = grant_for(*facts);
    if (std::ranges::find(grants, grant) == grants.end()) {
      grants.push_back(std::move(grant));
    }
  }
  if (grants.empty()) {
    return {Remedy::Grant, "Grant pg_monitor to the role that the exporter logs in as."};
  }
  std::string text;
  for (const std::string& grant : grants) {
    text += (text.empty() ? "" : " ") + grant;
  }
  return {Remedy::Grant, std::move(text)};
}

struct Words {
  Severity severity;
  Advice advice;
};

Words words_for_misfits(Anomaly anomaly) {
  switch (anomaly) {
    case Anomaly::TimelineDivergence:
      return {
          Severity::Critical,
          {Remedy::Rebuild,
           "What lies beyond that point may be on them alone: save what counts. Then rebuild them "
           "with "
           "pg_rewind or pg_basebackup."}};
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
           "They belong to another cluster: take them out of this cluster's list. A standby from "
           "before an initdb or pg_upgrade of its primary cannot follow it any more."}};
    case Anomaly::OrphanedSlot:
      return {Severity::Warning, advise_orphaned_slots(watched)};
    case Anomaly::ReplicationLoop:
      return {
          Severity::Critical,
          {Remedy::Reconnect, "Point primary_conninfo of one of them at the primary."}};
    case Anomaly::NotPermitted:
      return {Severity::Warning, advise_grant(watched)};
    case Anomaly::CommitsWaiting:
      return {Severity::Critical, advise_waiting_commits(watched)};
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
