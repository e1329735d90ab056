#include "cluster/remember.h"

#include "cluster/primary.h"

#include <utility>

namespace pgrepl::cluster {

namespace {

// A timeline that is certain is taken as it is. One that is late says "at least": a standby that
// has lost its receiver shows the one of its last restartpoint. Only a server that was a primary
// knows its timeline for certain from its control file, so that a lower one means a rewind.
void remember_timeline(const TickReading& reading, ServerMemory& known, std::optional<Role> was) {
  if (!reading.timeline) {
    return;
  }
  const bool came_back = was == Role::Primary && reading.role == Role::Standby;
  const auto before = known.timeline;
  if (has_certain_timeline(reading) || came_back || !known.timeline ||
      *known.timeline < *reading.timeline) {
    known.timeline = reading.timeline;
  }
  // Whoever is on another timeline now has another history: what was proven on the one before holds
  // no more, even where its position has grown beyond that meanwhile.
  if (before && known.timeline != before) {
    known.beyond_primary = false;
    known.reading_before.reset();
  }
}

// A standby that goes back was rewound or rebuilt: what was proven of it before holds no more.
void withdraw_when_back(const TickReading& reading, ServerMemory& known) {
  if (known.position && reading.position && *reading.position < *known.position) {
    known.beyond_primary = false;
    known.reading_before.reset();
  }
  if (known.last_certain && reading.position && *reading.position < known.last_certain->position) {
    known.last_certain.reset();
  }
}

// A standby's position. `continues`: it is a new reading of the same life on the same timeline.
void remember_replay(pg::Lsn position, bool continues, ServerMemory& known, Instant at) {
  const bool went_back = known.position && position < *known.position;
  if (continues && known.position && known.position_read_by && !went_back) {
    known.reading_before = ReadPosition{*known.position, *known.position_read_by};
  }
  if (known.position && position > *known.position) {
    known.position_moved_at = at;
  }
  known.replay_rate.note(position, at);
}

}  // namespace

void remember_reading(const ServerSample& sample, ServerMemory& known) {
  const TickReading& reading = sample.tick->reading;
  const Instant at = middle(*sample.tick);
  if (known.answered_at && at < *known.answered_at) {
    return;
  }
  const bool is_new = known.answered_at != at;
  const auto was = std::exchange(known.role, reading.role);
  known.answered_at = at;
  known.birth = birth_of(sample);
  if (was == Role::Primary && reading.role == Role::Standby) {
    known.resigned_on = known.timeline;
  } else if (reading.role == Role::Primary) {
    known.resigned_on.reset();
  }
  const auto timeline_before = known.timeline;
  remember_timeline(reading, known, was);
  known.postmaster_start_time = reading.postmaster_start_time;
  withdraw_when_back(reading, known);
  if (was && was != reading.role) {
    known.beyond_primary = false;
    known.reading_before.reset();
  }
  if (!reading.position) {
    return;
  }
  if (has_certain_timeline(reading)) {
    known.last_certain = ControlPoint{*reading.timeline, *reading.position};
  }
  if (reading.role == Role::Standby) {
    const bool continues = is_new && was == reading.role && timeline_before == known.timeline;
    remember_replay(*reading.position, continues, known, at);
  }
  known.position = reading.position;
  known.position_read_by = sample.tick->received;
}

void remember_sender_view(
    std::span<const ServerSample> samples, const SenderMatch& match, ServerMemory& known
) {
  const Tick& tick = *samples[match.upstream].tick;
  const WalSender& sender = tick.reading.senders[match.sender];
  if (sender.replay >= known.position) {
    known.position = sender.replay;
    known.position_read_by = tick.received;
  }
}

void remember_silence(bool anything_said, ServerMemory& known, Instant now) {
  known.silent_since =
      anything_said ? std::nullopt : std::optional{known.silent_since.value_or(now)};
}

void remember_availability(
    const ServerSample& sample, ServerMemory& known, std::vector<Event>& events
) {
  const auto failure = sample.failure ? std::optional{sample.failure->reason} : std::nullopt;
  const bool first_sight = !known.answered_at && !known.failure;
  if (sample.tick && !failure && (first_sight || known.failure)) {
    const bool primary = sample.tick->reading.role == Role::Primary;
    events.push_back(
        {EventKind::ServerUp,
         sample.name,
         primary ? "answers as a primary" : "answers as a standby"}
    );
  }
  if (failure && failure != known.failure) {
    events.push_back(
        {EventKind::ServerDown,
         sample.name,
         "does not answer (" + std::string{to_string(*failure)} + "): " + sample.failure->message}
    );
  }
  known.failure = failure;
}

void remember_standby(
    const std::string& name, const Standby& standby, ServerMemory& known, std::vector<Event>& events
) {
  if (known.state != standby.state) {
    const std::string before =
        known.state ? ", was " + std::string{to_string(*known.state)} : std::string{};
    events.push_back(
        {EventKind::StandbyState, name, "is " + std::string{to_string(standby.state)} + before}
    );
  }
  known.state = standby.state;
  known.state_since = standby.state_since;
  known.lag = known.silent_since ? known.lag : standby.lag.time;
  if (standby.upstream && standby.upstream->evidence != Evidence::Remembered) {
    known.upstream = standby.upstream;
  }
}

}  // namespace pgrepl::cluster
