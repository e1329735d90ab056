#include "pages/problems.h"

#include "pages/quantities.h"

#include <algorithm>
#include <utility>

namespace pgrepl::pages {

namespace {

using cluster::Anomaly;
using cluster::Seconds;
using cluster::Server;
using cluster::Standby;
using cluster::StandbyState;
using Problems = std::vector<Problem>;

// Nothing is lost yet; but there is little time left to look for the consumer.
constexpr Seconds kLossIsNear{3600};

struct AnomalyWords {
  Severity severity;
  std::string_view advice;
};

AnomalyWords words_of(Anomaly anomaly) {
  switch (anomaly) {
    case Anomaly::NoPrimary:
      return {
          Severity::Critical,
          "Bring the primary back, or promote the best candidate: SELECT pg_promote()."};
    case Anomaly::SplitBrain:
      return {
          Severity::Critical,
          "Stop writes to all but one of them now; what was written to the others must be saved by "
          "hand."};
    case Anomaly::TimelineDivergence:
      return {Severity::Critical, "Rebuild them with pg_rewind or pg_basebackup."};
    case Anomaly::MixedSystemIdentifiers:
      return {
          Severity::Critical,
          "One of them belongs to another cluster: correct the configuration, or rebuild it."};
    case Anomaly::OrphanedSlot:
      return {
          Severity::Warning,
          "Start their consumers, or drop them: SELECT pg_drop_replication_slot('…')."};
    case Anomaly::UnknownStandby:
      return {Severity::Warning, "Add it to the configuration, or find out what it is."};
    case Anomaly::DiscoveryFailed:
      return {
          Severity::Warning,
          "The servers known until now are still watched; new ones are not found until the source "
          "answers again."};
  }
  return {Severity::Warning, ""};
}

Problem describe_silence(const Server& server) {
  const std::string& name = server.sample.name;
  const bool never = !server.role;
  std::string message = name + (never ? " has never answered" : " does not answer");
  if (const auto& failure = server.sample.failure) {
    message += " (" + std::string{to_string(failure->reason)} + "): " + failure->message;
  }
  return {
      Severity::Critical,
      name,
      std::move(message),
      never ? "Check host, port and login in the configuration."
            : "Look at its log and at the machine it runs on."};
}

std::optional<Problem> describe_state(const Server& server, const Standby& standby) {
  const std::string& name = server.sample.name;
  switch (standby.state) {
    case StandbyState::Disconnected:
      return Problem{
          Severity::Critical,
          name,
          name + " receives no WAL",
          "Look for the reason in its log; check primary_conninfo and the slot it names."};
    case StandbyState::UpstreamDown: {
      const std::string upstream = standby.upstream ? ' ' + standby.upstream->server : "";
      return Problem{
          Severity::Critical,
          name,
          name + " receives no WAL: its upstream" + upstream + " does not answer",
          "Bring the upstream back, or point primary_conninfo at another server."};
    }
    case StandbyState::Paused:
      return Problem{
          Severity::Warning,
          name,
          "replay is paused on " + name,
          "When it is no longer wanted: SELECT pg_wal_replay_resume()."};
    case StandbyState::Streaming:
    case StandbyState::Catchup:
    case StandbyState::ArchiveRecovery:
    case StandbyState::Delayed:
    case StandbyState::Diverged:  // an anomaly of its cluster, which names it
    case StandbyState::Unreachable:
    case StandbyState::NeverSeen:
      return std::nullopt;
  }
  return std::nullopt;
}

struct Lateness {
  Severity severity;
  std::string words;  // "17 s (947 kB) behind the primary"
};

// Absent while the lag is below the limits, or unknown. A configured delay is no lag.
std::optional<Lateness> find_lateness(
    const Server& server, const Standby& standby, const LagLimits& limits
) {
  const auto& facts = server.sample.facts;
  const auto configured = facts ? facts->recovery_min_apply_delay : std::nullopt;
  const Seconds wanted{configured.value_or(std::chrono::milliseconds{0})};
  if (!standby.lag.time || *standby.lag.time - wanted < limits.warning) {
    return std::nullopt;
  }
  const bool critical = *standby.lag.time - wanted >= limits.critical;
  std::string words = format_time(standby.lag.time) + " (" + format_bytes(standby.lag.bytes) +
                      ") behind the primary";
  if (wanted > Seconds::zero()) {
    words += ", " + format_time(wanted) + " of it as configured";
  }
  return Lateness{critical ? Severity::Critical : Severity::Warning, std::move(words)};
}

Problem describe_lag(const Server& server, const Standby& standby, const Lateness& late) {
  std::string message = server.sample.name + " is " + late.words;
  std::string advice = "Compare its network, disk and load with its upstream's.";
  if (standby.bottleneck) {
    message += "; the WAL waits at stage " + std::string{to_string(*standby.bottleneck)};
  }
  if (standby.bottleneck == cluster::Stage::Replay) {
    advice = "Look for long queries, conflicts and a slow disk on it; replay is one process.";
  }
  return {late.severity, server.sample.name, std::move(message), std::move(advice)};
}

// A state that explains the lag is told together with it.
std::optional<Problem> describe_standby(
    const Server& server, const Standby& standby, const LagLimits& limits
) {
  std::optional<Problem> problem = describe_state(server, standby);
  const auto late = find_lateness(server, standby, limits);
  if (!late) {
    return problem;
  }
  if (!problem) {
    return describe_lag(server, standby, *late);
  }
  problem->severity = std::max(problem->severity, late->severity);
  problem->message += "; it is " + late->words;
  return problem;
}

std::optional<Problem> describe_slot(const Server& server, const cluster::SlotStatus& status) {
  const std::string where = "slot " + status.slot.name + " of " + server.sample.name;
  if (status.slot.wal_status == "lost") {
    return Problem{
        Severity::Critical,
        server.sample.name,
        where + " has lost WAL its consumer still needs",
        "Its consumer must be rebuilt; then drop the slot."};
  }
  const bool near = status.time_to_loss && *status.time_to_loss < kLossIsNear;
  if (!near && status.slot.wal_status != "unreserved") {
    return std::nullopt;
  }
  std::string message = where + " is about to lose WAL its consumer still needs";
  if (status.time_to_loss) {
    message += ", in " + format_time(status.time_to_loss) + " at the present rate";
  }
  return Problem{
      Severity::Warning,
      server.sample.name,
      std::move(message),
      "Bring its consumer back, or raise max_slot_wal_keep_size."};
}

// Where it leads now, for one who expected something else.
std::string describe_wrong_way(const cluster::EndpointStatus& status) {
  const cluster::EndpointReading& reading = *status.probe.reading;
  const bool primary = reading.role == cluster::Role::Primary;
  const std::string kind =
      primary ? (reading.read_only ? "a read-only primary" : "a primary") : "a standby";
  return status.server ? *status.server + ", " + kind : kind + " that is not of this cluster";
}

std::optional<Problem> describe_endpoint(const cluster::EndpointStatus& status) {
  const cluster::EndpointProbe& probe = status.probe;
  const std::string name = "endpoint " + probe.name;
  if (probe.failure) {
    return Problem{
        Severity::Critical,
        "",
        name + " does not answer (" + std::string{to_string(probe.failure->reason)} +
            "): " + probe.failure->message,
        "Applications use it: look at the proxy, the pooler or the name behind it."};
  }
  if (!probe.reading || status.ok) {
    return std::nullopt;
  }
  const std::string expected = probe.expect == cluster::Role::Primary ? "a primary" : "a standby";
  return Problem{
      Severity::Critical,
      "",
      name + " should lead to " + expected + ", and leads to " + describe_wrong_way(status),
      "Applications use it: correct where the proxy, the pooler or the name behind it leads."};
}

std::optional<Problem> describe_pgbouncer(const cluster::PgBouncerProbe& probe) {
  if (!probe.failure) {
    return std::nullopt;
  }
  return Problem{
      Severity::Critical,
      "",
      "PgBouncer " + probe.name + " does not answer (" +
          std::string{to_string(probe.failure->reason)} + "): " + probe.failure->message,
      "Applications that go through it are cut off: look whether it runs, and at its log."};
}

void add(Problems& problems, std::optional<Problem> problem) {
  if (problem) {
    problems.push_back(std::move(*problem));
  }
}

// Of a cluster that other exporters observe: they say the rest.
Problems find_silent_servers(const cluster::Cluster& cluster) {
  Problems problems;
  for (const Server& server : cluster.servers) {
    if (const auto& failure = server.sample.failure) {
      const std::string& name = server.sample.name;
      problems.push_back(
          {Severity::Critical,
           name,
           name + " does not answer this exporter (" + std::string{to_string(failure->reason)} +
               "): " + failure->message,
           "When it answers others: look at the network between this exporter and the server."}
      );
    }
  }
  return problems;
}

void add_server_problems(const WatchedCluster& watched, const Server& server, Problems& problems) {
  if (!answers(server)) {
    problems.push_back(describe_silence(server));
    return;
  }
  if (server.standby) {
    const LagLimits limits = limits_of(watched, server.sample.name);
    add(problems, describe_standby(server, *server.standby, limits));
  }
  for (const cluster::SlotStatus& status : server.slots) {
    add(problems, describe_slot(server, status));
  }
}

void add_missing_standbys(const WatchedCluster& watched, Problems& problems) {
  const auto works = [](const Server& server) {
    return answers_as(server, cluster::Role::Standby) && server.standby &&
           server.standby->state != StandbyState::Disconnected &&
           server.standby->state != StandbyState::UpstreamDown &&
           server.standby->state != StandbyState::Diverged;
  };
  const auto working = std::ranges::count_if(watched.cluster.servers, works);
  if (watched.expected_standbys && working < *watched.expected_standbys) {
    problems.push_back(
        {Severity::Warning,
         "",
         std::to_string(working) + " of " + std::to_string(*watched.expected_standbys) +
             " expected standbys follow the primary",
         "Bring the missing ones back, or build new ones."}
    );
  }
  const auto& sync = watched.cluster.sync_standbys;
  if (sync && sync->present < sync->required) {
    problems.push_back(
        {Severity::Critical,
         "",
         "commits wait: synchronous_standby_names asks for " + std::to_string(sync->required) +
             " standbys, " + std::to_string(sync->present) + " are connected",
         "Bring a synchronous standby back, or change synchronous_standby_names on the primary."}
    );
  }
}

}  // namespace

std::vector<Problem> find_problems(const WatchedCluster& watched) {
  if (!watched.cluster.observed) {
    return find_silent_servers(watched.cluster);
  }
  Problems problems;
  for (const cluster::AnomalyFinding& finding : watched.cluster.anomalies) {
    const AnomalyWords words = words_of(finding.anomaly);
    problems.push_back({words.severity, "", finding.evidence, std::string{words.advice}});
  }
  add_missing_standbys(watched, problems);
  for (const cluster::EndpointStatus& status : watched.cluster.endpoints) {
    add(problems, describe_endpoint(status));
  }
  for (const cluster::PgBouncerStatus& status : watched.cluster.pgbouncers) {
    add(problems, describe_pgbouncer(status.probe));
  }
  for (const Server& server : watched.cluster.servers) {
    add_server_problems(watched, server, problems);
  }
  std::ranges::stable_sort(problems, [](const Problem& a, const Problem& b) {
    return a.severity > b.severity;
  });
  return problems;
}

Health health_of(std::span<const Problem> problems) {
  if (problems.empty()) {
    return Health::Healthy;
  }
  const bool critical = std::ranges::any_of(problems, [](const Problem& problem) {
    return problem.severity == Severity::Critical;
  });
  return critical ? Health::Unhealthy : Health::Degraded;
}

std::string_view to_string(Severity severity) {
  return severity == Severity::Critical ? "critical" : "warning";
}

std::string_view to_string(Health health) {
  switch (health) {
    case Health::Healthy:
      return "healthy";
    case Health::Degraded:
      return "degraded";
    case Health::Unhealthy:
      return "unhealthy";
  }
  return "";
}

}  // namespace pgrepl::pages
