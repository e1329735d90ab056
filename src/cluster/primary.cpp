#include "cluster/primary.h"

#include "cluster/topology.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace pgrepl::cluster {

namespace {

// The WAL writer flushes what is younger (wal_writer_delay, three rounds of it at most); a crash
// of the machine may take that back. Nothing takes back what is older.
constexpr std::chrono::seconds kFlushed{5};

pg::TimelineId timeline_of(const ServerSample& sample) {
  return sample.tick->reading.timeline.value_or(pg::TimelineId{});
}

// True once every one of `primaries` was asked after the conflict was first seen.
bool conflict_is_certain(
    std::span<const ServerSample> samples, std::span<const std::size_t> primaries, Instant since
) {
  return std::ranges::all_of(primaries, [&](std::size_t i) {
    return samples[i].tick->sent > since;
  });
}

bool has_followers(const ServerSample& primary) {
  return std::ranges::any_of(primary.tick->reading.senders, [](const WalSender& sender) {
    return feeds_a_standby(sender) && sender.state == "streaming";
  });
}

// A failover was counted to a later timeline, and who was promoted has not come back from there.
bool is_superseded(const ServerSample& primary, pg::TimelineId timeline, const Memory& memory) {
  const auto& last = memory.primary;
  if (!last || last->timeline <= timeline || last->server == primary.name) {
    return false;
  }
  const auto known = memory.servers.find(last->server);
  return known == memory.servers.end() || known->second.timeline > timeline;
}

// Somebody else was on a later timeline and has not taken it back. One who was a primary there and
// is a standby now was promoted by mistake; and a primary that others follow was not left.
bool is_left_behind(const ServerSample& primary, const Memory& memory) {
  const pg::TimelineId timeline = timeline_of(primary);
  if (timeline == pg::TimelineId{}) {
    return false;
  }
  if (is_superseded(primary, timeline, memory)) {
    return true;
  }
  return !has_followers(primary) && std::ranges::any_of(memory.servers, [&](const auto& known) {
    const ServerMemory& server = known.second;
    return known.first != primary.name && server.timeline > timeline &&
           server.resigned_on != server.timeline;
  });
}

void note_failover(
    const ServerSample& primary, Memory& memory, std::vector<Event>& events, Instant now
) {
  const PrimaryMemory& before = *memory.primary;
  memory.failovers += 1;
  memory.last_failover = now;
  memory.last_failover_downtime =
      std::max(Seconds::zero(), Seconds{middle(*primary.tick) - before.reading.read_at});
  std::array<char, 32> downtime{};
  std::snprintf(downtime.data(), downtime.size(), "%.1f s", memory.last_failover_downtime->count());
  events.push_back(
      {EventKind::Failover,
       primary.name,
       "was promoted; the primary before was " + before.server + ", which last answered as one " +
           downtime.data() + " earlier"}
  );
}

// Exactly where the server stopped to replay, if it was promoted while it ran; else not after the
// first position that was seen on it.
void note_timeline(const TickReading& reading, Memory& memory) {
  const auto& last = memory.primary;
  const bool is_next = last && last->timeline < *reading.timeline;
  SwitchPoint seen{.at_least = std::nullopt, .at_most = *reading.position, .parent = std::nullopt};
  if (reading.promoted_at) {
    seen.at_least = reading.promoted_at;
    seen.at_most = *reading.promoted_at;
  }
  if (is_next) {
    seen.parent = last->timeline;
  }
  const auto known = memory.timelines.beginning_of(*reading.timeline);
  if (!known || seen.at_least || seen.at_most < known->at_most) {
    memory.timelines.note(*reading.timeline, seen);
  }
}

// The farthest position that was certainly on the old primary's disk.
std::optional<pg::Lsn> flushed_before(const Memory& memory) {
  const Instant last = memory.primary->reading.read_at;
  if (const auto then = memory.history.position_at(last - kFlushed)) {
    return pg::Lsn{static_cast<std::uint64_t>(*then)};
  }
  const auto oldest = memory.history.oldest();
  return oldest && oldest->at < last ? std::optional{oldest->position} : std::nullopt;
}

// A standby of the same timeline holds WAL beyond `position`: it received it from this primary, and
// a primary sends nothing that it has not flushed.
bool is_held_elsewhere(const Memory& memory, pg::TimelineId timeline, pg::Lsn position) {
  return std::ranges::any_of(memory.servers, [&](const auto& known) {
    const ServerMemory& server = known.second;
    return server.role == Role::Standby && server.timeline == timeline &&
           server.position > position;
  });
}

void note_rewind(
    const ServerSample& primary, Memory& memory, std::vector<Event>& events, Instant now
) {
  const pg::Lsn position = *primary.tick->reading.position;
  const pg::Lsn before = memory.primary->reading.position;
  const pg::TimelineId timeline = memory.primary->timeline;
  if (middle(*primary.tick) <= memory.primary->reading.read_at || position >= before) {
    return;
  }
  if (flushed_before(memory) <= position && !is_held_elsewhere(memory, timeline, position)) {
    return;
  }
  memory.rewind = Rewind{primary.name, timeline, before, position, now};
  for (auto& [name, server] : memory.servers) {
    const bool holds = server.role == Role::Standby && server.position > position;
    server.beyond_primary = server.beyond_primary || (holds && server.timeline == timeline);
  }
  memory.safe_position.reset();
  events.push_back(
      {EventKind::Rewound,
       primary.name,
       "stands at " + to_string(position) + ", and stood at " + to_string(before) +
           " of the same timeline before: what it wrote since is lost on it"}
  );
}

// A later timeline is a failover, an earlier one takes a failover back, and the same one on an
// older position is a rewind.
void note_change(
    const ServerSample& primary, Memory& memory, std::vector<Event>& events, Instant now
) {
  if (!memory.primary) {
    return;
  }
  const pg::TimelineId timeline = *primary.tick->reading.timeline;
  const pg::Lsn position = *primary.tick->reading.position;
  const auto begun = memory.timelines.beginning_of(timeline);
  if (timeline > memory.primary->timeline) {
    note_failover(primary, memory, events, now);
    memory.history.start_timeline(begun ? begun->at_most : position);
    memory.safe_position.reset();
    memory.rewind.reset();
  } else if (timeline < memory.primary->timeline) {
    // A later timeline was begun and taken back: what lay on it is no WAL of this cluster.
    const auto left = memory.timelines.beginning_of(memory.primary->timeline);
    memory.history.start_timeline(left ? left->at_most : position);
    memory.timelines.withdraw_after(timeline);
    events.push_back(
        {EventKind::PrimaryChanged,
         primary.name,
         "is the primary; " + memory.primary->server + " has come back from its later timeline"}
    );
  } else {
    if (memory.primary->server != primary.name) {
      events.push_back(
          {EventKind::PrimaryChanged, primary.name, "is the primary now, on the same timeline"}
      );
    }
    note_rewind(primary, memory, events, now);
  }
}

}  // namespace

Instant middle(const Tick& tick) {
  return tick.sent + (tick.received - tick.sent) / 2;
}

Seconds half_round_trip(const Tick& tick) {
  return Seconds{tick.received - tick.sent} / 2;
}

FoundPrimary find_primary(std::span<const ServerSample> samples, Memory& memory, Instant now) {
  const std::vector<std::size_t> primaries = answering_primaries(samples);
  if (primaries.size() < 2) {
    memory.conflict_since.reset();
  } else {
    memory.conflict_since = memory.conflict_since.value_or(now);
    if (conflict_is_certain(samples, primaries, *memory.conflict_since)) {
      return {.primary = std::nullopt, .is_settled = false, .stale = std::nullopt};
    }
  }
  const auto latest = std::ranges::max_element(primaries, {}, [&](std::size_t i) {
    return timeline_of(samples[i]);
  });
  if (latest == primaries.end()) {
    return {};
  }
  if (is_left_behind(samples[*latest], memory)) {
    return {.primary = std::nullopt, .is_settled = true, .stale = *latest};
  }
  return {.primary = *latest, .is_settled = primaries.size() == 1, .stale = std::nullopt};
}

void remember_primary(
    const ServerSample& primary, Memory& memory, std::vector<Event>& events, Instant now
) {
  const Tick& tick = *primary.tick;
  if (!tick.reading.position || !tick.reading.timeline) {
    return;
  }
  const pg::TimelineId timeline = *tick.reading.timeline;
  const pg::Lsn position = *tick.reading.position;
  note_timeline(tick.reading, memory);
  note_change(primary, memory, events, now);
  const bool somebody_is_later = std::ranges::any_of(memory.servers, [&](const auto& known) {
    return known.second.timeline > timeline;
  });
  if (!somebody_is_later) {
    memory.timelines.withdraw_after(timeline);
  }
  const Instant read_at = middle(tick);
  if (memory.primary && memory.primary->server == primary.name &&
      read_at < memory.primary->reading.read_at) {
    return;  // an older answer teaches nothing
  }
  memory.history.note(position, read_at);
  memory.far_end.reset();
  memory.primary = PrimaryMemory{
      .server = primary.name,
      .timeline = timeline,
      .reading = {.position = position, .read_at = read_at, .read_error = half_round_trip(tick)},
      .clock_to_instant = Seconds{read_at.time_since_epoch()} - Seconds{tick.reading.server_time},
  };
}

void remember_rivals(std::span<const ServerSample> samples, Memory& memory) {
  for (const std::size_t i : answering_primaries(samples)) {
    const TickReading& reading = samples[i].tick->reading;
    if (memory.primary && reading.position && reading.timeline &&
        *reading.timeline > memory.primary->timeline) {
      note_timeline(reading, memory);
    }
  }
}

Seconds clock_offset(const WalReceiver& receiver) {
  if (!receiver.last_msg_send_time || !receiver.last_msg_receipt_time) {
    return Seconds::zero();
  }
  return Seconds{*receiver.last_msg_receipt_time - *receiver.last_msg_send_time};
}

void remember_far_end(
    std::span<const ServerSample> samples, std::span<const std::size_t> told, Memory& memory
) {
  for (const std::size_t i : told) {
    const Tick& tick = *samples[i].tick;
    const WalReceiver& receiver = *tick.reading.receiver;
    if (!receiver.latest_end) {
      continue;
    }
    const Seconds age{std::max(
        0.0,
        tick.reading.server_time - receiver.last_msg_receipt_time.value_or(tick.reading.server_time)
    )};
    const Instant contact = middle(tick) - std::chrono::duration_cast<Instant::duration>(age);
    const auto newest = memory.history.newest();
    if (newest && *receiver.latest_end < newest->position) {
      continue;
    }
    const bool is_news = !memory.far_end || contact > memory.far_end->contact;
    memory.history.note(*receiver.latest_end, contact);
    if (is_news) {
      memory.far_end = FarEnd{
          .reading =
              {.position = *receiver.latest_end,
               .read_at = contact,
               .read_error = half_round_trip(tick)},
          .contact = contact,
          .clock_offset = clock_offset(receiver)};
    }
  }
}

void forget_rewind_when_over(Memory& memory) {
  if (!memory.rewind || !memory.primary || memory.primary->reading.position < memory.rewind->from) {
    return;
  }
  const bool is_held = std::ranges::any_of(memory.servers, [](const auto& known) {
    return known.second.beyond_primary;
  });
  if (!is_held) {
    memory.rewind.reset();
  }
}

}  // namespace pgrepl::cluster
