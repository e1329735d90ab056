#include "pages/standby_problems.h"

#include "cluster/standby_proof.h"
#include "pages/quantities.h"

#include <algorithm>
#include <utility>

namespace pgrepl::pages {

namespace {

using cluster::PauseCause;
using cluster::Seconds;
using cluster::Server;
using cluster::Standby;
using cluster::StandbyState;

// Nothing is lost yet; but there is little time left to look for the consumer.
constexpr Seconds kLossIsNear{3600};
// A consumer that is connected and has not moved for so long is stuck.
constexpr Seconds kIsStuck{300};

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
  return problem_of(
      Severity::Warning, server, standby, "replay is paused on " + name, std::move(advice)
  );
}

Problem describe_disconnected(const Server& server, const Standby& standby) {
  const std::string& name = server.sample.name;
  if (const auto& missing = standby.missing_wal) {
    if (missing->may_be_in_archive) {
      return problem_of(
          Severity::Critical,
          server,
          standby,
          name + " receives no WAL: what it needs is gone from " + missing->upstream,
          {Remedy::Look, "Check whether its restore_command finds the segment in the archive."}
      );
    }
    return problem_of(
        Severity::Critical,
        server,
        standby,
        name + " must be rebuilt: the WAL it needs is gone from " + missing->upstream,
        {Remedy::Rebuild,
         "Copy the segments from an archive into its pg_wal, or rebuild it with pg_basebackup."}
    );
  }
  if (standby.state == StandbyState::UpstreamDown) {
    const std::string upstream = standby.upstream ? ' ' + standby.upstream->server : "";
    return problem_of(
        Severity::Critical,
        server,
        standby,
        name + " receives no WAL: its upstream" + upstream + " does not answer",
        {Remedy::Reconnect, "Bring the upstream back, or point primary_conninfo at another server."}
    );
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

std::optional<Problem> describe_state(const Server& server, const Standby& standby) {
  const std::string& name = server.sample.name;
  switch (standby.state) {
    case StandbyState::Disconnected:
    case StandbyState::UpstreamDown:
      return describe_disconnected(server, standby);
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

bool is_read_by_a_standby(const WatchedCluster& watched, const cluster::ReplicationSlot& slot) {
  return std::ranges::any_of(watched.cluster.servers, [&slot](const Server& server) {
    return server.standby && server.standby->upstream &&
           server.standby->upstream->slot_name == slot.name;
  });
}

Problem describe_invalid(
    const Server& server, const cluster::ReplicationSlot& slot, const std::string& where
) {
  const std::string reason = *invalidation_of(slot);
  const bool lost = slot.wal_status == "lost" || reason == "wal_removed";
  Problem problem{
      .severity = Severity::Critical,
      .server = server.sample.name,
      .message = where + (lost ? " has lost WAL its consumer still needs" : " is invalidated: ") +
                 (lost ? "" : reason),
      .advice = "Its consumer must be rebuilt; then drop the slot.",
      .remedy = Remedy::DropSlot,
      .evidence = "the server says: " + reason,
      .kind = "slot_invalidated"};
  if (slot.synced) {
    problem.severity = Severity::Warning;
    problem.advice = "It is a copy that the server keeps itself; look at the primary's slot.";
    problem.remedy = Remedy::Look;
  }
  return problem;
}

std::optional<Problem> describe_stuck(
    const Server& server, const cluster::SlotStatus& status, const std::string& where
) {
  if (!status.waits_for.empty()) {
    std::string names;
    for (const std::string& name : status.waits_for) {
      names += (names.empty() ? "" : ", ") + name;
    }
    return Problem{
        .severity = Severity::Warning,
        .server = server.sample.name,
        .message =
            "logical decoding of " + where + " stands still: it waits for the standby of " + names,
        .advice = "Bring the standby that reads " + names + " back.",
        .remedy = Remedy::Reconnect,
        .evidence = "synchronized_standby_slots names " + names + ", and nobody reads it",
        .kind = "synchronized_standby_slots"};
  }
  const auto& stalled = status.stalled;
  if (!status.slot.active || status.slot.synced || !stalled || *stalled < kIsStuck) {
    return std::nullopt;
  }
  return Problem{
      .severity = Severity::Warning,
      .server = server.sample.name,
      .message = "the consumer of " + where + " is connected and has not moved for " +
                 format_time(stalled),
      .advice = "Look at the consumer's log: a worker that fails and starts again gets no further.",
      .remedy = Remedy::Look,
      .evidence = "",
      .kind = "slot_stalled"};
}

}  // namespace

Problem describe_silence(const Server& server) {
  const std::string& name = server.sample.name;
  if (server.standby && server.standby->state == StandbyState::Warm) {
    return problem_of(
        Severity::Warning,
        server,
        *server.standby,
        name + " is a warm standby: it takes no connections, and is known by its upstream alone",
        {Remedy::Look, "With hot_standby = on it could be asked itself."}
    );
  }
  if (server.standby && !server.standby->low_settings.empty()) {
    return problem_of(
        Severity::Critical,
        server,
        *server.standby,
        name +
            " does not answer, and a setting of it is lower than its primary's: before "
            "PostgreSQL 14 a standby ends for that",
        {Remedy::RaiseSetting,
         "Set " + settings_of(*server.standby) + " on " + name + " and start it."}
    );
  }
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

std::vector<Problem> describe_standby(
    const Server& server, const Standby& standby, const LagLimits& limits
) {
  std::vector<Problem> problems;
  if (auto low = describe_low_settings(server, standby)) {
    problems.push_back(std::move(*low));
  }
  std::optional<Problem> problem = describe_state(server, standby);
  const auto late = find_lateness(server, standby, limits);
  if (late && !problem) {
    problem = describe_lag(server, standby, *late);
  } else if (late) {
    problem->severity = std::max(problem->severity, late->severity);
    problem->message += "; it is " + late->words;
  }
  if (problem) {
    problems.push_back(std::move(*problem));
  }
  return problems;
}

std::optional<Problem> describe_slot(
    const WatchedCluster& watched, const Server& server, const cluster::SlotStatus& status
) {
  const cluster::ReplicationSlot& slot = status.slot;
  const std::string where = "slot " + slot.name + " of " + server.sample.name;
  if (invalidation_of(slot)) {
    return describe_invalid(server, slot, where);
  }
  const bool near = status.time_to_loss && *status.time_to_loss < kLossIsNear;
  if (!near && slot.wal_status != "unreserved") {
    return describe_stuck(server, status, where);
  }
  std::string message = where + " is about to lose WAL its consumer still needs";
  if (status.time_to_loss) {
    message += ", in " + format_time(status.time_to_loss) + " at the present rate";
  }
  return Problem{
      .severity = Severity::Warning,
      .server = server.sample.name,
      .message = std::move(message),
      .advice = is_read_by_a_standby(watched, slot)
                    ? "Bring its standby back or let it catch up; if the disk has room, raise "
                      "max_slot_wal_keep_size."
                    : "Bring its consumer back; if the disk has room, raise "
                      "max_slot_wal_keep_size.",
      .remedy = Remedy::Reconnect,
      .evidence = "",
      .kind = "slot_loss"};
}

}  // namespace pgrepl::pages
