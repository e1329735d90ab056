#include "cluster/standby_state.h"

#include <string_view>

namespace pgrepl::cluster {

namespace {

// Between two segments from the archive, a standby whose restore_command we cannot see may rest for
// as long as that takes, and then for wal_retrieve_retry_interval (5 s by default).
constexpr Seconds kArchiveRest{15};
// A receiver that has not begun to stream after this long is not about to.
constexpr Seconds kConnects{15};

bool has_delay(const ServerSample& sample) {
  return sample.facts && sample.facts->recovery_min_apply_delay &&
         sample.facts->recovery_min_apply_delay->count() > 0;
}

bool waits_for_its_delay(const ServerSample& sample, const ReplicationLag& lag) {
  if (!has_delay(sample) || lag.bytes.value_or(0) == 0 || !lag.time) {
    return false;
  }
  // A second of grace: a record is applied after its delay, not at it.
  return *lag.time <= Seconds{*sample.facts->recovery_min_apply_delay} + Seconds{1};
}

// A standby that is past all it ever received by streaming has the rest from the archive, or it
// has just been started and finds it in its own pg_wal.
bool replays_from_archive(const TickReading& reading) {
  return reading.position && (!reading.received || *reading.position > *reading.received);
}

bool follows_archive(
    const ServerSample& sample, const ServerMemory& known, const StandbyCircumstances& around
) {
  const auto restores = restores_from_archive(sample);
  if (restores) {
    return *restores && !around.archive_is_of_no_use;
  }
  return !around.lacks_wal && replays_from_archive(sample.tick->reading) &&
         known.position_moved_at && around.now - *known.position_moved_at < kArchiveRest;
}

StandbyState judge_silent(
    const ServerSample& sample, const ServerMemory& known, const WalSender* sender
) {
  if (is_warm(sample, sender)) {
    return StandbyState::Warm;
  }
  return known.answered_at ? StandbyState::Unreachable : StandbyState::NeverSeen;
}

// Its receiver is there, but does not stream. One that comes and goes is not about to.
bool is_connecting(
    const TickReading& reading, const ServerMemory& known, const StandbyCircumstances& around
) {
  if (!reading.receiver || around.lacks_wal) {
    return false;
  }
  const bool failed_before =
      known.state == StandbyState::Disconnected || known.state == StandbyState::UpstreamDown;
  const bool for_long =
      known.state == StandbyState::Connecting && around.now - known.state_since > kConnects;
  return !failed_before && !for_long;
}

StandbyState judge_receiving(const ServerSample& sample, const StandbyCircumstances& around) {
  if (around.sender != nullptr && around.sender->state == "catchup") {
    return StandbyState::Catchup;
  }
  return waits_for_its_delay(sample, around.lag) ? StandbyState::Delayed : StandbyState::Streaming;
}

}  // namespace

bool is_warm(const ServerSample& sample, const WalSender* sender) {
  if (!sample.failure || sample.failure->reason != pg::FailureReason::StartingUp) {
    return false;
  }
  const std::string_view message = sample.failure->message;
  if (message.find("Hot standby mode is disabled") != std::string_view::npos) {
    return true;
  }
  return sender != nullptr && sender->state == "streaming" &&
         message.find("onsistent recovery state") == std::string_view::npos;
}

StandbyState judge_state(
    const ServerSample& sample, const ServerMemory& known, const StandbyCircumstances& around
) {
  switch (around.misfit) {
    case Misfit::Foreign:
      return StandbyState::Foreign;
    case Misfit::Ahead:
      return StandbyState::Ahead;
    case Misfit::Diverged:
      return StandbyState::Diverged;
    case Misfit::None:
      break;
  }
  if (!sample.tick) {
    return judge_silent(sample, known, around.sender);
  }
  const TickReading& reading = sample.tick->reading;
  // Its own word counts. The row of a sender stays for a receiver that has all of a timeline that
  // was left, and waits (walsender.c, StartReplication).
  const bool receives = reading.receiver && reading.receiver->status == "streaming";
  const bool is_cut_off =
      around.chain.chain == Chain::Loop || (around.chain.chain == Chain::Broken && !around.is_top);
  if (receives && is_cut_off) {
    return StandbyState::Detached;
  }
  if (reading.replay_paused) {
    return StandbyState::Paused;
  }
  if (receives) {
    return judge_receiving(sample, around);
  }
  if (reading.receiver.is_hidden()) {
    return StandbyState::Unknown;
  }
  if (follows_archive(sample, known, around)) {
    return has_delay(sample) ? StandbyState::Delayed : StandbyState::ArchiveRecovery;
  }
  if (is_connecting(reading, known, around)) {
    return StandbyState::Connecting;
  }
  return around.upstream_answers ? StandbyState::Disconnected : StandbyState::UpstreamDown;
}

}  // namespace pgrepl::cluster
