#include "metrics/gauge_writer.h"

#include <array>

namespace pgrepl::metrics {

namespace {

constexpr std::array<std::string_view, 4> kWalStatuses{
    "reserved", "extended", "unreserved", "lost"};

}  // namespace

void add_slot_families(const cluster::SlotStatus& status, GaugeWriter& out) {
  const cluster::ReplicationSlot& slot = status.slot;
  const Label name{"slot_name", slot.name};
  const Label type{"slot_type", slot.type};
  out.gauge(
      "pg_slot_retained_bytes",
      "WAL that the slot keeps from being removed",
      {name, type},
      number(status.retained_bytes)
  );
  out.gauge(
      "pg_slot_safe_wal_bytes",
      "WAL that can still be written before the slot may be lost; absent without a limit",
      {name, type},
      number(slot.safe_wal_bytes)
  );
  out.gauge(
      "pg_slot_time_to_loss_seconds",
      "Time until the slot may be lost at the rate of the last minute; absent without a limit",
      {name, type},
      seconds(status.time_to_loss)
  );
  out.gauge(
      "pg_slot_has_consumer", "Whether a consumer uses the slot", {name, type}, truth(slot.active)
  );
  out.gauge(
      "pg_slot_inactive_seconds",
      "Time without a consumer; before PostgreSQL 17 as far as it was watched",
      {name, type},
      seconds(status.inactive)
  );
  for (const std::string_view word : kWalStatuses) {
    if (slot.wal_status) {
      out.gauge(
          "pg_slot_wal_status",
          "Whether the WAL that the slot needs is still there",
          {name, type, {"wal_status", std::string{word}}},
          truth(*slot.wal_status == word)
      );
    }
  }
}

}  // namespace pgrepl::metrics
