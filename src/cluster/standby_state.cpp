#include "cluster/standby_state.h"

namespace pgrepl::cluster {

namespace {

// Between two segments from the archive, a standby may rest for as long as restore_command takes
// and then for wal_retrieve_retry_interval (5 s by default).
constexpr Seconds kArchiveRest{15};

bool waits_for_its_delay(const ServerSample& sample, const ReplicationLag& lag) {
  const bool has_delay = sample.facts && sample.facts->recovery_min_apply_delay &&
                         sample.facts->recovery_min_apply_delay->count() > 0;
  if (!has_delay || lag.bytes.value_or(0) == 0 || !lag.time) {
    return false;
  }
  // A second of grace: a record is applied after its delay, not at it.
  return *lag.time <= Seconds{*sample.facts->recovery_min_apply_delay} + Seconds{1};
}

// A standby that is past all it ever received by streaming has the rest from the archive.
bool replays_from_archive(const TickReading& reading) {
  return reading.position && (!reading.received || *reading.position > *reading.received);
}

}  // namespace

StandbyState judge_state(
    const ServerSample& sample, const ServerMemory& known, const StandbyCircumstances& around
) {
  if (around.diverged) {
    return StandbyState::Diverged;
  }
  if (!sample.tick) {
    return known.answered_at ? StandbyState::Unreachable : StandbyState::NeverSeen;
  }
  const TickReading& reading = sample.tick->reading;
  if (reading.replay_paused) {
    return StandbyState::Paused;
  }
  const bool receives = reading.receiver && reading.receiver->status == "streaming";
  if (receives || around.sender != nullptr) {
    if (around.sender != nullptr && around.sender->state == "catchup") {
      return StandbyState::Catchup;
    }
    return waits_for_its_delay(sample, around.lag) ? StandbyState::Delayed
                                                   : StandbyState::Streaming;
  }
  if (replays_from_archive(reading) && known.position_moved_at &&
      around.now - *known.position_moved_at < kArchiveRest) {
    return StandbyState::ArchiveRecovery;
  }
  return around.upstream_answers ? StandbyState::Disconnected : StandbyState::UpstreamDown;
}

}  // namespace pgrepl::cluster
