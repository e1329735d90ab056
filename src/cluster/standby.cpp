#include "cluster/standby.h"

#include "cluster/primary.h"
#include "cluster/standby_state.h"

#include <algorithm>
#include <limits>

namespace pgrepl::cluster {

namespace {

const WalSender* sender_row(const StandbyView& view) {
  if (!view.match) {
    return nullptr;
  }
  return &view.samples[view.match->upstream].tick->reading.senders[view.match->sender];
}

const ServerMemory& remembered(const StandbyView& view) {
  return view.memory.servers.at(view.samples[view.standby].name);
}

std::optional<Instant> commit_instant(const StandbyView& view, const TickReading& reading) {
  if (!reading.last_xact_replay_time || !view.memory.primary) {
    return std::nullopt;
  }
  const Seconds since_epoch =
      Seconds{*reading.last_xact_replay_time} + view.memory.primary->clock_to_instant;
  return Instant{std::chrono::duration_cast<Instant::duration>(since_epoch)};
}

// Somewhere between its last word and the silence it stopped. A standby that kept up is taken to
// have done so for half of that time; of any other, the last word is the best guess.
ReplayReading last_known_reading(const StandbyView& view, pg::Lsn position) {
  constexpr Seconds kKeepsUp{1};
  const ServerMemory& known = remembered(view);
  ReplayReading reading{
      .position = position,
      .read_at = view.now,
      .read_error = Seconds::zero(),
      .last_commit = std::nullopt,
      .basis = LagBasis::LastKnown,
  };
  if (!known.silent_since || !known.position_read_at || known.lag.value_or(kKeepsUp) >= kKeepsUp) {
    return reading;
  }
  const auto half = (*known.silent_since - *known.position_read_at) / 2;
  const auto shown = std::chrono::duration_cast<Instant::duration>(*known.lag);
  const auto likely = view.memory.history.position_at(*known.position_read_at + half - shown);
  if (likely && *likely > static_cast<double>(position.bytes())) {
    reading.position = pg::Lsn{static_cast<std::uint64_t>(*likely)};
    reading.read_error = half;
  }
  return reading;
}

// The best reading of its replay position there is; absent when it was never seen.
std::optional<ReplayReading> replay_reading(const StandbyView& view) {
  const auto& tick = view.samples[view.standby].tick;
  if (is_current(view.samples[view.standby]) && tick->reading.position) {
    return ReplayReading{
        .position = *tick->reading.position,
        .read_at = middle(*tick),
        .read_error = half_round_trip(*tick),
        .last_commit = commit_instant(view, tick->reading),
    };
  }
  const auto& known = remembered(view).position;
  if (const WalSender* sender = sender_row(view); sender != nullptr && sender->replay) {
    // A standby that does not answer us has most likely stopped: what its sender says of it ages.
    const Tick& upstream = *view.samples[view.match->upstream].tick;
    return ReplayReading{
        .position = std::max(*sender->replay, known.value_or(pg::Lsn{})),
        .read_at = view.now,
        .read_error = half_round_trip(upstream) + Seconds{view.now - middle(upstream)},
        .last_commit = std::nullopt,
        .basis = LagBasis::UpstreamView,
    };
  }
  if (!known) {
    return std::nullopt;
  }
  return last_known_reading(view, *known);
}

ReplicationLag lag_of(const StandbyView& view, bool diverged) {
  const auto reading = replay_reading(view);
  // Against two primaries no lag is true.
  const bool ambiguous = !view.primary && answering_primaries(view.samples).size() > 1;
  if (!reading || diverged || ambiguous) {
    return {};
  }
  if (view.primary && view.memory.primary) {
    return measure_lag(*reading, view.memory.primary->reading, view.memory.history);
  }
  const auto& tick = view.samples[view.standby].tick;
  const auto latest_end =
      tick && tick->reading.receiver ? tick->reading.receiver->latest_end : std::nullopt;
  const auto last_reading =
      view.memory.primary ? std::optional{view.memory.primary->reading} : std::nullopt;
  auto lag = measure_lag_without_primary(*reading, latest_end, last_reading, view.memory.history);
  if (reading->basis != LagBasis::WalHistory && lag.basis != LagBasis::Unknown) {
    lag.basis = reading->basis;
  }
  return lag;
}

std::optional<Upstream> upstream_of(const StandbyView& view) {
  if (const WalSender* sender = sender_row(view)) {
    return Upstream{
        .server = view.samples[view.match->upstream].name,
        .application_name = sender->application_name,
        .slot_name = sender->slot_name,
        .evidence = view.match->evidence,
    };
  }
  if (const auto named = named_upstream(view.samples, view.standby)) {
    const WalReceiver& receiver = *view.samples[view.standby].tick->reading.receiver;
    return Upstream{
        .server = view.samples[*named].name,
        .application_name = receiver.application_name.value_or(""),
        .slot_name = receiver.slot_name,
        .evidence = Evidence::Sender,
    };
  }
  auto before = remembered(view).upstream;
  if (before) {
    before->evidence = Evidence::Remembered;
  }
  return before;
}

bool upstream_answers(const StandbyView& view, const std::optional<Upstream>& upstream) {
  if (!upstream) {
    return view.primary.has_value();
  }
  const auto found = std::ranges::find(view.samples, upstream->server, &ServerSample::name);
  return found != view.samples.end() && found->tick.has_value();
}

// Infinite when the primary writes at least as fast as the standby replays.
std::optional<Seconds> catchup_time(const StandbyView& view, const ReplicationLag& lag) {
  const auto replayed = remembered(view).replay_rate.bytes_per_second();
  const auto written = view.memory.history.bytes_per_second(Seconds{60});
  if (!view.samples[view.standby].tick || !lag.bytes) {
    return std::nullopt;
  }
  if (*lag.bytes == 0) {
    return Seconds::zero();
  }
  if (!replayed || !written) {
    return std::nullopt;
  }
  const double gained = *replayed - *written;
  return Seconds{
      gained > 0 ? static_cast<double>(*lag.bytes) / gained
                 : std::numeric_limits<double>::infinity()};
}

std::optional<Seconds> message_age(const ServerSample& sample) {
  if (!sample.tick || !sample.tick->reading.receiver ||
      !sample.tick->reading.receiver->last_msg_receipt_time) {
    return std::nullopt;
  }
  const TickReading& reading = sample.tick->reading;
  return std::max(
      Seconds::zero(), Seconds{reading.server_time - *reading.receiver->last_msg_receipt_time}
  );
}

}  // namespace

Standby describe_standby(const StandbyView& view) {
  const ServerSample& sample = view.samples[view.standby];
  const ServerMemory& known = remembered(view);
  const bool diverged = known.timeline && known.position &&
                        has_diverged(view.memory, *known.timeline, *known.position);
  Standby standby;
  standby.lag = lag_of(view, diverged);
  standby.upstream = upstream_of(view);
  standby.state = judge_state(
      sample,
      known,
      {.sender = sender_row(view),
       .upstream_answers = upstream_answers(view, standby.upstream),
       .diverged = diverged,
       .lag = standby.lag,
       .now = view.now}
  );
  standby.state_since = known.state == standby.state ? known.state_since : view.now;
  if (const WalSender* sender = sender_row(view); sender != nullptr && view.primary) {
    standby.stages = measure_stages(*sender, view.memory.primary->reading, view.memory.history);
    standby.bottleneck = bottleneck(standby.stages);
  }
  if (sample.tick) {
    standby.replay_bytes_per_second = known.replay_rate.bytes_per_second();
  }
  standby.catchup = catchup_time(view, standby.lag);
  standby.last_message_age = message_age(sample);
  return standby;
}

}  // namespace pgrepl::cluster
