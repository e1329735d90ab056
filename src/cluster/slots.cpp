#include "cluster/slots.h"

#include <algorithm>
#include <limits>

namespace pgrepl::cluster {

namespace {

Seconds inactive_for(
    const ServerSample& sample,
    const ReplicationSlot& slot,
    SlotsInactiveSince& inactive_since,
    Instant now
) {
  const std::pair key{sample.name, slot.name};
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
void keep_present(const ServerSample& sample, SlotsInactiveSince& inactive_since) {
  if (sample.slots.empty()) {
    return;
  }
  std::erase_if(inactive_since, [&sample](const auto& known) {
    const auto& [server, slot] = known.first;
    return server == sample.name &&
           std::ranges::find(sample.slots, slot, &ReplicationSlot::name) == sample.slots.end();
  });
}

std::optional<Seconds> time_to_loss(const ReplicationSlot& slot, std::optional<double> wal_rate) {
  if (slot.wal_status == "lost") {
    return Seconds::zero();
  }
  if (!slot.safe_wal_bytes || !wal_rate) {
    return std::nullopt;
  }
  const auto left = static_cast<double>(std::max<std::int64_t>(0, *slot.safe_wal_bytes));
  return Seconds{*wal_rate > 0 ? left / *wal_rate : std::numeric_limits<double>::infinity()};
}

}  // namespace

std::vector<SlotStatus> describe_slots(
    const ServerSample& sample,
    std::optional<double> wal_rate,
    SlotsInactiveSince& inactive_since,
    Instant now
) {
  std::vector<SlotStatus> described;
  if (!sample.tick) {
    return described;
  }
  keep_present(sample, inactive_since);
  const TickReading& reading = sample.tick->reading;
  // What a standby keeps is counted to what it received, which may be ahead of what it replayed.
  const auto end = std::max(reading.position, reading.received);
  for (const ReplicationSlot& slot : sample.slots) {
    SlotStatus status{.slot = slot};
    if (slot.restart && end) {
      status.retained_bytes = pg::bytes_between(*slot.restart, *end);
    }
    status.time_to_loss = time_to_loss(slot, wal_rate);
    status.inactive = inactive_for(sample, slot, inactive_since, now);
    described.push_back(std::move(status));
  }
  return described;
}

}  // namespace pgrepl::cluster
