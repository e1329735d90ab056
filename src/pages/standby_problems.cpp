#include "pages/standby_problems.h"

#include "pages/quantities.h"
#include "pages/silence_problems.h"

#include <algorithm>
#include <utility>

namespace pgrepl::pages {

namespace {

using cluster::PauseCause;
using cluster::Seconds;
using cluster::Server;
using cluster::Standby;
using cluster::StandbyState;

Problem describe_pause(const Server& server, const Standby& standby) {
  const std::string& name = server.sample.name;
  switch (standby.pause_cause) {
    case PauseCause::Settings:
      return problem_of(
          Severity::Critical,
          server,
          standby,
          name + " has paused replay: a setting is lower than its primary's",
          {Remedy::RaiseSetting,
           "Set " + settings_of(standby) + " on " + name +
               " and restart it; a resume would end the server."}
      );
    case PauseCause::RecoveryTarget:
      return problem_of(
          Severity::Warning,
          server,
          standby,
          "replay is paused on " + name + ", which has a recovery target",
          {Remedy::Look,
           "When the target was reached, to resume is to promote it; decide whether that is "
           "wanted."}
      );
    case PauseCause::Requested:
    case PauseCause::Unknown:
      break;
  }
  Advice advice{
      Remedy::Look,
      "Its log says whether somebody paused it, or whether a setting is lower than its primary's."};
  if (standby.pause_cause == PauseCause::Requested) {
    advice = {Remedy::Resume, "When it is no longer wanted: SELECT pg_wal_replay_resume()."};
  }
  std::string message = "replay is paused on " + name;
  if (standby.replays_first) {
    message += ", and until it is resumed it receives no WAL";
  }
  return problem_of(Severity::Warning, server, standby, std::move(message), std::move(advice));
}

Problem describe_missing_wal(
    const Server& server, const Standby& standby, const cluster::MissingWal& missing
) {
  const std::string& name = server.sample.name;
  if (missing.may_be_in_archive) {
    return problem_of(
        Severity::Critical,
        server,
        standby,
        name + " receives no WAL: what it needs is gone from " + missing.upstream,
        {Remedy::Look, "Check whether its restore_command finds the segment in the archive."}
    );
  }
  return problem_of(
      Severity::Critical,
      server,
      standby,
      name + " must be rebuilt: the WAL it needs is gone from " + missing.upstream,
      {Remedy::Rebuild,
       "Copy the segments from an archive into its pg_wal, or rebuild it with pg_basebackup."}
  );
}

// It has all of the timeline that it stays on.
Problem describe_kept_timeline(const Server& server, const Standby& standby) {
  const std::string& name = server.sample.name;
  return problem_of(
      Severity::Critical,
      server,
      standby,
      name + " receives no WAL: it stays on timeline " +
          std::to_string(static_cast<std::uint32_t>(*standby.kept_timeline)) +
          ", which its primary has left",
      {Remedy::Configure, "Set recovery_target_timeline = 'latest' on " + name + " and restart it."}
  );
}

Problem describe_replaying_first(const Server& server, const Standby& standby) {
  const std::string& name = server.sample.name;
  return problem_of(
      Severity::Warning,
      server,
      standby,
      name +
          " receives no WAL until it has replayed what it holds, which its "
          "recovery_min_apply_delay puts off",
      {Remedy::Look,
       "It connects again by itself then. Where WAL could be lost until that, lower the delay."}
  );
}

// Its upstream takes no connections yet, and is about to. Where nobody has seen from whom it
// received, that is the server that may be the primary.
const Server* upstream_on_its_way(const cluster::Cluster& cluster, const Standby& standby) {
  const auto found = std::ranges::find_if(cluster.servers, [&standby](const Server& server) {
    const bool is_it = standby.upstream
                           ? server.sample.name == standby.upstream->server
                           : server.role.value_or(cluster::Role::Primary) == cluster::Role::Primary;
    return is_it && is_on_its_way(server);
  });
  return found == cluster.servers.end() ? nullptr : &*found;
}

Problem describe_upstream_down(
    const cluster::Cluster& cluster, const Server& server, const Standby& standby
) {
  const std::string upstream = standby.upstream ? ' ' + standby.upstream->server : "";
  Advice advice{
      Remedy::Reconnect, "Bring the upstream back, or point primary_conninfo at another server."};
  if (const Server* coming = upstream_on_its_way(cluster, standby)) {
    advice = {Remedy::Look, "Wait for " + coming->sample.name + ": it connects again by itself."};
  }
  return problem_of(
      Severity::Critical,
      server,
      standby,
      server.sample.name + " receives no WAL: its upstream" + upstream + " does not answer",
      std::move(advice)
  );
}

Problem describe_disconnected(
    const cluster::Cluster& cluster, const Server& server, const Standby& standby
) {
  const std::string& name = server.sample.name;
  if (standby.missing_wal) {
    return describe_missing_wal(server, standby, *standby.missing_wal);
  }
  if (standby.kept_timeline) {
    return describe_kept_timeline(server, standby);
  }
  if (standby.replays_first) {
    return describe_replaying_first(server, standby);
  }
  if (standby.state == StandbyState::UpstreamDown) {
    return describe_upstream_down(cluster, server, standby);
  }
  return problem_of(
      Severity::Critical,
      server,
      standby,
      name + " receives no WAL",
      {Remedy::Look,
       "Look for the reason in its log; check primary_conninfo and the slot it names."}
  );
}

std::optional<Problem> describe_state(
    const cluster::Cluster& cluster, const Server& server, const Standby& standby
) {
  const std::string& name = server.sample.name;
  switch (standby.state) {
    case StandbyState::Disconnected:
    case StandbyState::UpstreamDown:
      return describe_disconnected(cluster, server, standby);
    case StandbyState::Paused:
      return describe_pause(server, standby);
    case StandbyState::Detached:
      return problem_of(
          Severity::Critical,
          server,
          standby,
          name + " receives WAL from servers that receive none",
          {Remedy::Reconnect, "Bring the upstream of that server back."}
      );
    case StandbyState::Streaming:
    case StandbyState::Catchup:
    case StandbyState::ArchiveRecovery:
    case StandbyState::Delayed:
    case StandbyState::Connecting:
    case StandbyState::Warm:
    case StandbyState::Unknown:   // told of the cluster: not_permitted
    case StandbyState::Diverged:  // and these: an anomaly of its cluster names it
    case StandbyState::Foreign:
    case StandbyState::Ahead:
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

// It has replayed all that is archived: what it lacks is not there yet.
bool waits_for_archive(const cluster::Cluster& cluster, const Standby& standby) {
  return standby.state == StandbyState::ArchiveRecovery && standby.lag.bytes &&
         cluster.archive.bytes && *standby.lag.bytes <= *cluster.archive.bytes;
}

std::string advise_on_lag(
    const cluster::Cluster& cluster, const Server& server, const Standby& standby
) {
  if (standby.upstream && !standby.upstream_answers &&
      standby.state != StandbyState::ArchiveRecovery) {
    return "Look at its upstream " + standby.upstream->server + " first, which does not answer.";
  }
  if (waits_for_archive(cluster, standby)) {
    return "It has replayed all that is archived: look at archive_command and archive_timeout of "
           "the primary.";
  }
  if (standby.state == StandbyState::ArchiveRecovery) {
    return "The archive has more than it has replayed: look at its restore_command, disk and load.";
  }
  if (server.sample.tick && server.sample.tick->reading.receiver.is_hidden()) {
    return "Grant our role pg_monitor: whether it receives WAL is hidden from it.";
  }
  if (standby.bottleneck == cluster::Stage::Replay) {
    return "Look for long queries, conflicts and a slow disk on it; replay is one process.";
  }
  return "Compare its network, disk and load with its upstream's.";
}

Problem describe_lag(
    const cluster::Cluster& cluster,
    const Server& server,
    const Standby& standby,
    const Lateness& late
) {
  std::string message = server.sample.name + " is " + late.words;
  std::string advice = advise_on_lag(cluster, server, standby);
  if (standby.bottleneck) {
    message += "; the WAL waits at stage " + std::string{to_string(*standby.bottleneck)};
  }
  return {late.severity, server.sample.name, std::move(message), std::move(advice)};
}

// Before it pauses or ends because of it.
std::optional<Problem> describe_low_settings(const Server& server, const Standby& standby) {
  if (standby.low_settings.empty() || standby.state == StandbyState::Paused) {
    return std::nullopt;
  }
  return Problem{
      .severity = Severity::Warning,
      .server = server.sample.name,
      .message =
          server.sample.name +
          " has a setting lower than its primary's, and stops to replay when it learns of it",
      .advice = "Set " + settings_of(standby) + " on it and restart it.",
      .remedy = Remedy::RaiseSetting,
      .evidence = "",
      .kind = "low_setting"};
}

}  // namespace

Problem problem_of(
    Severity severity,
    const Server& server,
    const Standby& standby,
    std::string message,
    Advice advice
) {
  return {
      .severity = severity,
      .server = server.sample.name,
      .message = std::move(message),
      .advice = std::move(advice.text),
      .remedy = advice.remedy,
      .evidence = standby.evidence,
      .kind = std::string{to_string(standby.state)}};
}

std::string settings_of(const Standby& standby) {
  std::string text;
  for (const cluster::LowSetting& low : standby.low_settings) {
    text += (text.empty() ? "" : ", ") + low.name + " to at least " + std::to_string(low.primary);
  }
  return text;
}

std::vector<Problem> describe_standby(
    const WatchedCluster& watched, const Server& server, const Standby& standby
) {
  std::vector<Problem> problems;
  const LagLimits limits = limits_of(watched, server.sample.name);
  if (auto low = describe_low_settings(server, standby)) {
    problems.push_back(std::move(*low));
  }
  std::optional<Problem> problem = describe_state(watched.cluster, server, standby);
  const auto late = find_lateness(server, standby, limits);
  if (late && !problem) {
    problem = describe_lag(watched.cluster, server, standby, *late);
  } else if (late) {
    problem->severity = std::max(problem->severity, late->severity);
    problem->message += "; it is " + late->words;
  }
  if (problem) {
    problems.push_back(std::move(*problem));
  }
  return problems;
}

}  // namespace pgrepl::pages
