#include "pages/problems.h"

#include "cluster/anomalies.h"
#include "pages/anomaly_problems.h"
#include "pages/quantities.h"
#include "pages/silence_problems.h"
#include "pages/slot_problems.h"
#include "pages/standby_problems.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pgrepl::pages {

namespace {

using cluster::Server;
using cluster::StandbyState;
using Problems = std::vector<Problem>;

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
  const std::string expected = probe.expects_any                        ? "this cluster"
                               : probe.expect == cluster::Role::Primary ? "a primary"
                                                                        : "a standby";
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

// Of the primary alone: a standby with archive_mode = on archives nothing until it is promoted.
std::optional<Problem> describe_archiving(const WatchedCluster& watched, const Server& server) {
  const auto& archiver = server.sample.archiver;
  if (!answers_as(server, cluster::Role::Primary) || !archiver || !archiver->enabled ||
      !archiver->is_failing) {
    return std::nullopt;
  }
  const auto& exposure = watched.cluster.archive.time;
  const std::string since = exposure ? "; a restore would lack " + format_time(exposure) : "";
  return Problem{
      .severity = Severity::Warning,
      .server = server.sample.name,
      .message = server.sample.name + " fails to archive its WAL, which stays in pg_wal" + since,
      .advice =
          "Its log has what archive_command or archive_library said; see that pg_wal has room.",
      .remedy = Remedy::Look,
      .evidence = "pg_stat_archiver: the last failure is later than the last success",
      .kind = "archive_failing"};
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
    problems.push_back(describe_silence(watched, server));
    return;
  }
  if (server.same_as) {
    return;  // told of the entry that it is the same as
  }
  if (server.standby) {
    std::ranges::move(
        describe_standby(watched, server, *server.standby), std::back_inserter(problems)
    );
  }
  add(problems, describe_archiving(watched, server));
  for (const cluster::SlotStatus& status : server.slots) {
    add(problems, describe_slot(watched, server, status));
  }
}

// Of a standby whose receiver we may not see, nothing speaks against it.
bool is_at_work(const Server& server) {
  switch (server.standby->state) {
    case StandbyState::Streaming:
    case StandbyState::Catchup:
    case StandbyState::ArchiveRecovery:
    case StandbyState::Paused:
    case StandbyState::Delayed:
    case StandbyState::Connecting:
    case StandbyState::Unknown:
      return answers_as(server, cluster::Role::Standby);
    case StandbyState::Warm:
      return true;
    case StandbyState::Disconnected:
    case StandbyState::UpstreamDown:
    case StandbyState::Unreachable:
    case StandbyState::Diverged:
    case StandbyState::NeverSeen:
    case StandbyState::Foreign:
    case StandbyState::Ahead:
    case StandbyState::Detached:
      return false;
  }
  return false;
}

void add_missing_standbys(const WatchedCluster& watched, Problems& problems) {
  const auto works = [](const Server& server) {
    return server.standby && !server.same_as && is_at_work(server);
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
  const auto& waiting = watched.cluster.commits_waiting;
  const bool told = waiting && waiting->longest && *waiting->longest >= cluster::kCommitsWaitAfter;
  if (sync && sync->present < sync->required && !told) {
    problems.push_back(
        {Severity::Warning,
         "",
         "synchronous_standby_names asks for " + std::to_string(sync->required) + " standbys, " +
             std::to_string(sync->present) + " are connected; no commit is seen to wait",
         "Bring the missing synchronous standby back."}
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
    problems.push_back(describe_anomaly(watched, finding));
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
