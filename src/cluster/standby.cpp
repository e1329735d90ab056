#include "cluster/standby.h"

#include "cluster/branch.h"
#include "cluster/primary.h"
#include "cluster/standby_proof.h"
#include "cluster/standby_settings.h"
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

// Commit times are of the primary's clock. Where it does not answer us, its clock is known by the
// messages that it sent to the receiver on top of the standby's chain; what a standby in between
// sends bears the clock of that one. Absent while the top does not answer.
std::optional<Instant> commit_instant(const StandbyView& view, const Tick& tick) {
  const TickReading& reading = tick.reading;
  if (!reading.last_xact_replay_time) {
    return std::nullopt;
  }
  if (view.memory.primary) {
    const Seconds since_epoch =
        Seconds{*reading.last_xact_replay_time} + view.memory.primary->clock_to_instant;
    return Instant{std::chrono::duration_cast<Instant::duration>(since_epoch)};
  }
  const bool is_top = view.chain.top == view.standby;
  const auto& top = is_top ? std::optional{tick} : view.samples[view.chain.top].tick;
  if (!top) {
    return std::nullopt;
  }
  Seconds offset = view.memory.far_end ? view.memory.far_end->clock_offset : Seconds::zero();
  if (top->reading.receiver) {
    offset = clock_offset(*top->reading.receiver);
  }
  const Seconds ago = Seconds{top->reading.server_time - *reading.last_xact_replay_time} - offset;
  return middle(*top) - std::chrono::duration_cast<Instant::duration>(ago);
}

// It is where it said last. One that kept up may have followed until it fell silent.
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
  if (known.silent_since && known.lag.value_or(kKeepsUp) < kKeepsUp) {
    reading.may_have_followed_until =
        *known.silent_since - std::chrono::duration_cast<Instant::duration>(*known.lag);
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
        .last_commit = commit_instant(view, *tick),
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

// What is known of the WAL while no primary answers.
std::optional<FarReading> far_reading(const StandbyView& view) {
  const Memory& memory = view.memory;
  std::optional<FarReading> far;
  if (memory.primary) {
    far = FarReading{memory.primary->reading.position, memory.primary->reading.read_at, false};
  }
  if (memory.far_end) {
    const pg::Lsn end = memory.far_end->reading.position;
    far = FarReading{far ? std::max(far->end, end) : end, memory.far_end->contact, false};
  }
  // Who receives from a server that is gone, as in a loop, was told nothing by a primary.
  const auto& tick = view.samples[view.standby].tick;
  const bool told = tick && tick->reading.receiver && tick->reading.receiver->latest_end;
  if (told && view.chain.chain != Chain::Loop) {
    const pg::Lsn end = *tick->reading.receiver->latest_end;
    far = far ? FarReading{std::max(far->end, end), far->known_at, false}
              : FarReading{end, middle(*tick), false};
  }
  if (far) {
    const auto& top = view.samples[view.chain.top].tick;
    far->writes_on = memory.role == ClusterRole::Standby;
    far->connected = top && top->reading.receiver && top->reading.receiver->status == "streaming";
  }
  return far;
}

ReplicationLag lag_of(const StandbyView& view, Misfit misfit) {
  const auto reading = replay_reading(view);
  // Against two primaries no lag is true.
  const bool ambiguous = !view.primary && answering_primaries(view.samples).size() > 1;
  if (!reading || misfit != Misfit::None || ambiguous) {
    return {};
  }
  if (view.primary && view.memory.primary) {
    return measure_lag(*reading, view.memory.primary->reading, view.memory.history);
  }
  const auto far = far_reading(view);
  if (!far) {
    return {};
  }
  auto lag = measure_lag_without_primary(*reading, *far, view.memory.history);
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

std::uint64_t segment_bytes(const ServerSample& sample) {
  constexpr std::uint64_t kDefault = 16U << 20U;
  return sample.facts ? sample.facts->wal_segment_bytes.value_or(kDefault) : kDefault;
}

// Where the segment begins that it needs next; absent while it does not say.
std::optional<pg::Lsn> needed_segment(const ServerSample& sample) {
  if (!sample.tick) {
    return std::nullopt;
  }
  const auto has = std::max(sample.tick->reading.position, sample.tick->reading.received);
  if (!has) {
    return std::nullopt;
  }
  return pg::Lsn{has->bytes() - has->bytes() % segment_bytes(sample)};
}

// A standby that has just started replays what lies in its own pg_wal first; while it moves,
// nothing is missing.
std::optional<MissingWal> find_missing_wal(
    const StandbyView& view, const std::optional<Upstream>& upstream
) {
  constexpr Seconds kStandsStill{5};
  const ServerSample& sample = view.samples[view.standby];
  const ServerMemory& known = remembered(view);
  const auto needed = needed_segment(sample);
  const bool receives = sample.tick && sample.tick->reading.receiver &&
                        sample.tick->reading.receiver->status == "streaming";
  const bool moves = known.position_moved_at && view.now - *known.position_moved_at < kStandsStill;
  if (!needed || receives || moves || sample.tick->reading.receiver.is_hidden()) {
    return std::nullopt;
  }
  const ServerSample* source = view.primary ? &view.samples[*view.primary] : nullptr;
  if (upstream) {
    const auto found = std::ranges::find(view.samples, upstream->server, &ServerSample::name);
    source = found == view.samples.end() ? source : &*found;
  }
  if (source == nullptr || !source->tick || !source->wal_files || !source->wal_files->oldest ||
      *source->wal_files->oldest <= *needed) {
    return std::nullopt;
  }
  return MissingWal{
      .upstream = source->name,
      .needed = *needed,
      .oldest = *source->wal_files->oldest,
      .may_be_in_archive = restores_from_archive(sample).value_or(true)};
}

Misfit find_misfit(const StandbyView& view, const BranchVerdict& branch) {
  if (branch.relation == Relation::OtherBranch) {
    return Misfit::Diverged;
  }
  return is_ahead(remembered(view), view.memory) ? Misfit::Ahead : Misfit::None;
}

// How long nothing may come of an archive that has more.
bool archive_is_of_no_use(const StandbyView& view) {
  constexpr Seconds kPatience{60};
  const ServerMemory& known = remembered(view);
  const auto& facts = view.samples[view.standby].facts;
  const Seconds delay{
      facts ? facts->recovery_min_apply_delay.value_or(std::chrono::milliseconds{0})
            : std::chrono::milliseconds{0}};
  if (!known.archive_ahead_since) {
    return false;
  }
  const Instant since = std::max(
      *known.archive_ahead_since, known.position_moved_at.value_or(*known.archive_ahead_since)
  );
  return view.now - since > kPatience + delay;
}

// Longer than an archive rests between two segments that it brings at once. What remains of a
// timeline that was left may still come.
bool stands_still(const StandbyView& view) {
  constexpr Seconds kRest{15};
  const auto& moved = remembered(view).position_moved_at;
  return !moved || view.now - *moved > kRest;
}

void add_flow(const StandbyView& view, Standby& standby) {
  if (const WalSender* sender = sender_row(view);
      sender != nullptr && view.primary && view.memory.primary) {
    standby.stages = measure_stages(*sender, view.memory.primary->reading, view.memory.history);
    standby.bottleneck = bottleneck(standby.stages);
  }
  const ServerSample& sample = view.samples[view.standby];
  if (sample.tick) {
    standby.replay_bytes_per_second = remembered(view).replay_rate.bytes_per_second();
  }
  standby.catchup = catchup_time(view, standby.lag);
  standby.last_message_age = message_age(sample);
}

}  // namespace

Standby describe_standby(const StandbyView& view) {
  const ServerSample& sample = view.samples[view.standby];
  const ServerMemory& known = remembered(view);
  const BranchVerdict branch = judge_branch(sample, known, view.memory);
  const Misfit misfit = find_misfit(view, branch);
  Standby standby;
  standby.chain = view.chain.chain;
  standby.lag = lag_of(view, misfit);
  standby.upstream = upstream_of(view);
  standby.missing_wal = find_missing_wal(view, standby.upstream);
  standby.low_settings = find_low_settings(view);
  standby.kept_timeline = find_kept_timeline(view);
  standby.replays_first = replays_before_it_receives(sample);
  standby.upstream_answers = upstream_answers(view, standby.upstream);
  standby.state = judge_state(
      sample,
      known,
      {.sender = sender_row(view),
       .upstream_answers = standby.upstream_answers,
       .misfit = misfit,
       .lag = standby.lag,
       .chain = view.chain,
       .is_top = view.chain.top == view.standby,
       .archive_is_of_no_use =
           archive_is_of_no_use(view) || (standby.kept_timeline && stands_still(view)),
       .lacks_wal = standby.missing_wal && !standby.missing_wal->may_be_in_archive,
       .now = view.now}
  );
  if (standby.state == StandbyState::Paused) {
    standby.pause_cause = find_pause_cause(view, standby.low_settings);
  }
  standby.state_since = known.state == standby.state ? known.state_since : view.now;
  if (misfit == Misfit::None) {
    add_flow(view, standby);
  }
  standby.evidence = prove_state(view, standby, branch.proof);
  return standby;
}

Standby describe_foreign(const ServerSample& sample, const Memory& own, Instant since) {
  Standby standby;
  standby.state = StandbyState::Foreign;
  standby.state_since = since;
  const auto number = [](std::optional<pg::SystemIdentifier> id) {
    return id ? std::to_string(static_cast<std::uint64_t>(*id)) : std::string{"not known"};
  };
  standby.evidence = "its system identifier is " + number(birth_of(sample)) +
                     ", the cluster's is " + number(own.system);
  return standby;
}

void note_sources(
    const ServerSample& sample, const Memory& memory, ServerMemory& known, Instant now
) {
  const auto& receiver = sample.tick ? sample.tick->reading.receiver : Seen<WalReceiver>{};
  const bool receives = receiver.has_value() || receiver.is_hidden();
  bool more = false;
  if (memory.archived) {
    more = known.position && *known.position < memory.archived->position;
  } else if (memory.archives_nothing && memory.primary) {
    more = known.position && *known.position < memory.primary->reading.position;
  }
  known.archive_ahead_since =
      more && !receives ? std::optional{known.archive_ahead_since.value_or(now)} : std::nullopt;
}

}  // namespace pgrepl::cluster
