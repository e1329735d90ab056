#include "cluster/primary.h"

#include "cluster/topology.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

namespace pgrepl::cluster {

namespace {

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

// A server may name ever higher timelines; what a standby may still be on is among the last ones.
void note_timeline(
    std::map<pg::TimelineId, pg::Lsn>& starts, pg::TimelineId timeline, pg::Lsn position
) {
  constexpr std::size_t kMost = 1000;
  starts[timeline] = position;
  if (starts.size() > kMost) {
    starts.erase(starts.begin());
  }
}

}  // namespace

Instant middle(const Tick& tick) {
  return tick.sent + (tick.received - tick.sent) / 2;
}

Seconds half_round_trip(const Tick& tick) {
  return Seconds{tick.received - tick.sent} / 2;
}

std::optional<std::size_t> find_primary(
    std::span<const ServerSample> samples, Memory& memory, Instant now
) {
  std::vector<std::size_t> primaries = answering_primaries(samples);
  if (primaries.size() < 2) {
    memory.conflict_since.reset();
  } else {
    memory.conflict_since = memory.conflict_since.value_or(now);
    if (conflict_is_certain(samples, primaries, *memory.conflict_since)) {
      return std::nullopt;
    }
  }
  const auto latest = std::ranges::max_element(primaries, {}, [&](std::size_t i) {
    return timeline_of(samples[i]);
  });
  if (latest == primaries.end()) {
    return std::nullopt;
  }
  const bool outdated = memory.primary && timeline_of(samples[*latest]) < memory.primary->timeline;
  return outdated ? std::nullopt : std::optional{*latest};
}

void remember_primary(
    const ServerSample& primary, Memory& memory, std::vector<Event>& events, Instant now
) {
  const Tick& tick = *primary.tick;
  const pg::TimelineId timeline = timeline_of(primary);
  if (!tick.reading.position) {
    return;
  }
  const pg::Lsn position = *tick.reading.position;
  if (memory.primary && timeline > memory.primary->timeline) {
    note_failover(primary, memory, events, now);
    memory.history.start_timeline(position);
    note_timeline(memory.timeline_starts, timeline, position);
    memory.safe_position.reset();
  } else if (memory.primary && memory.primary->server != primary.name) {
    events.push_back(
        {EventKind::PrimaryChanged, primary.name, "is the primary now, on the same timeline"}
    );
  }
  const Instant read_at = middle(tick);
  memory.history.note(position, read_at);
  memory.primary = PrimaryMemory{
      .server = primary.name,
      .timeline = timeline,
      .reading = {.position = position, .read_at = read_at, .read_error = half_round_trip(tick)},
      .clock_to_instant = Seconds{read_at.time_since_epoch()} - Seconds{tick.reading.server_time},
  };
}

bool has_diverged(const Memory& memory, pg::TimelineId timeline, pg::Lsn position) {
  const auto next = memory.timeline_starts.upper_bound(timeline);
  return next != memory.timeline_starts.end() && position > next->second;
}

}  // namespace pgrepl::cluster
