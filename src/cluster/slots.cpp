#include "cluster/slots.h"

#include <algorithm>
#include <limits>

namespace pgrepl::cluster {

namespace {

constexpr Seconds kWindow{120};
// Two readings closer together say nothing of a rate.
constexpr Seconds kLeastWindow{20};
constexpr double kNoise = 0.05;  // of what was written: a consumer that keeps up is never exact
constexpr Seconds kStandsStill{10};

using Key = std::pair<std::string, std::string>;

Seconds inactive_for(
    const ServerSample& sample,
    const ReplicationSlot& slot,
    SlotsInactiveSince& inactive_since,
    Instant now
) {
  const Key key{sample.name, slot.name};
  if (slot.active) {
    inactive_since.erase(key);
    return Seconds::zero();
  }
  const auto since = inactive_since.try_emplace(key, now).first->second;
  if (slot.inactive_since) {
    return std::max(
        Seconds::zero(), Seconds{sample.tick->reading.server_time - *slot.inactive_since}
    );
  }
  return now - since;
}

// Slots that are dropped are forgotten. Where none was read, as after a reconnect, nothing is known
// of any.
template <class Known>
void keep_present(const ServerSample& sample, Known& known) {
  if (sample.slots.empty()) {
    return;
  }
  std::erase_if(known, [&sample](const auto& one) {
    const auto& [server, slot] = one.first;
    return server == sample.name &&
           std::ranges::find(sample.slots, slot, &ReplicationSlot::name) == sample.slots.end();
  });
}

void note_reading(
    const ReplicationSlot& slot, std::optional<pg::Lsn> end, SlotMemory& known, Instant read_at
) {
  auto& readings = known.readings;
  if (!slot.restart || !end || (!readings.empty() && readings.back().at >= read_at)) {
    return;
  }
  readings.push_back({read_at, *end, *slot.restart});
  while (readings.size() > 2 && read_at - readings.front().at > kWindow) {
    readings.pop_front();
  }
}

// The least that the slot kept in a part of the window: what a consumer confirms in steps makes a
// saw of the rest.
double least_kept(const std::deque<SlotMemory::Reading>& readings, Instant from, Instant to) {
  double least = std::numeric_limits<double>::infinity();
  for (const auto& reading : readings) {
    if (from <= reading.at && reading.at <= to) {
      least = std::min(least, static_cast<double>(pg::bytes_between(reading.restart, reading.end)));
    }
  }
  return least;
}

// Bytes per second by which the slot falls behind; 0 while it keeps up. Absent while too little was
// seen of it.
std::optional<double> falls_behind(const SlotMemory& known) {
  const auto& readings = known.readings;
  if (readings.size() < 2) {
    return std::nullopt;
  }
  const auto& first = readings.front();
  const auto& last = readings.back();
  const Seconds window = last.at - first.at;
  if (window < kLeastWindow) {
    return std::nullopt;
  }
  const auto written = static_cast<double>(pg::bytes_between(first.end, last.end));
  if (last.restart == first.restart) {
    return written / window.count();
  }
  const Instant middle = first.at + (last.at - first.at) / 2;
  const double grown =
      least_kept(readings, middle, last.at) - least_kept(readings, first.at, middle);
  return grown > kNoise * written ? grown / (window.count() / 2) : 0;
}

std::optional<Seconds> time_to_loss(const ReplicationSlot& slot, const SlotMemory& known) {
  if (slot.wal_status == "lost") {
    return Seconds::zero();
  }
  const auto rate = falls_behind(known);
  if (!slot.safe_wal_bytes || !rate) {
    return std::nullopt;
  }
  const auto left = static_cast<double>(std::max<std::int64_t>(0, *slot.safe_wal_bytes));
  return Seconds{*rate > 0 ? left / *rate : std::numeric_limits<double>::infinity()};
}

// Counts from the first WAL that was written after the position last moved.
std::optional<Seconds> stalled_for(
    const ReplicationSlot& slot, std::optional<pg::Lsn> end, SlotMemory& known, Instant now
) {
  const auto position = confirmed_by(slot);
  if (!position || !end) {
    return std::nullopt;
  }
  if (known.position != position) {
    known.position = position;
    known.wal_then = end;
    known.behind_since.reset();
  }
  if (*end > *known.wal_then && *position < *end) {
    known.behind_since = known.behind_since.value_or(now);
  }
  return known.behind_since ? Seconds{now - *known.behind_since} : Seconds::zero();
}

ReplicationLag lag_of(
    const ServerSample& sample, const ReplicationSlot& slot, const WalHistory& history
) {
  const auto position = confirmed_by(slot);
  const Instant read_at = sample.slots_read_at.value_or(sample.tick->sent);
  const auto newest = history.newest();
  if (!position || !newest) {
    return {};
  }
  const Instant at = std::min(read_at, newest->at);
  const auto end = history.position_at(at);
  if (!end) {
    return {};
  }
  const ReplayReading reading{
      .position = *position, .read_at = at, .read_error = Seconds::zero(), .last_commit = {}};
  const PrimaryReading primary{
      .position = pg::Lsn{static_cast<std::uint64_t>(*end)},
      .read_at = at,
      .read_error = Seconds::zero()};
  return measure_lag(reading, primary, history);
}

// Names of synchronized_standby_slots that nobody uses, or that are not there at all.
std::vector<std::string> unused_synchronized(const ServerSample& sample) {
  std::vector<std::string> unused;
  if (sample.facts) {
    for (const std::string& name : sample.facts->synchronized_standby_slots) {
      const auto found = std::ranges::find(sample.slots, name, &ReplicationSlot::name);
      if (found == sample.slots.end() || !found->active) {
        unused.push_back(name);
      }
    }
  }
  return unused;
}

SlotStatus describe(
    const ServerSample& sample, const ReplicationSlot& slot, SlotMemory& known, Instant now
) {
  const TickReading& reading = sample.tick->reading;
  // What a standby keeps is counted to what it has, which may have come by the archive.
  const auto end = std::max(reading.position, reading.received);
  SlotStatus status{.slot = slot};
  if (slot.restart && end) {
    status.retained_bytes = pg::bytes_between(*slot.restart, *end);
  }
  status.holds_wal = slot.restart && !invalidation_of(slot);
  note_reading(slot, end, known, sample.slots_read_at.value_or(sample.tick->sent));
  status.time_to_loss = time_to_loss(slot, known);
  if (!invalidation_of(slot)) {
    status.stalled = stalled_for(slot, end, known, now);
  }
  if (slot.failover && !slot.synced && slot.type == "logical" &&
      status.stalled.value_or(Seconds::zero()) > kStandsStill) {
    status.waits_for = unused_synchronized(sample);
  }
  return status;
}

}  // namespace

bool is_reserved_slot(const ReplicationSlot& slot) {
  return slot.name == "pg_conflict_detection";
}

std::optional<std::string> invalidation_of(const ReplicationSlot& slot) {
  if (slot.invalidation_reason) {
    return slot.invalidation_reason;
  }
  // 16 says "lost" and "conflicting" for every reason; only one that lost WAL has no restart_lsn.
  if (slot.conflicting.value_or(false) && slot.restart) {
    return "conflicting";
  }
  return slot.wal_status == "lost" ? std::optional<std::string>{"wal_removed"} : std::nullopt;
}

std::optional<pg::Lsn> confirmed_by(const ReplicationSlot& slot) {
  return slot.type == "logical" ? slot.confirmed_flush : slot.restart;
}

std::vector<SlotStatus> describe_slots(
    const ServerSample& sample, const WalHistory* history, SlotsMemory memory, Instant now
) {
  std::vector<SlotStatus> described;
  if (!sample.tick) {
    return described;
  }
  keep_present(sample, memory.inactive_since);
  keep_present(sample, memory.slots);
  for (const ReplicationSlot& slot : sample.slots) {
    SlotStatus status = describe(sample, slot, memory.slots[{sample.name, slot.name}], now);
    status.inactive = inactive_for(sample, slot, memory.inactive_since, now);
    if (history != nullptr) {
      status.lag = lag_of(sample, slot, *history);
    }
    described.push_back(std::move(status));
  }
  return described;
}

}  // namespace pgrepl::cluster
