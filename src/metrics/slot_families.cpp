#include "metrics/gauge_writer.h"

#include <array>

namespace pgrepl::metrics {

namespace {

constexpr std::array<std::string_view, 4> kWalStatuses{
    "reserved", "extended", "unreserved", "lost"};

// What the consumer has got, and when it last got more.
void add_progress(const cluster::SlotStatus& status, GaugeWriter& out) {
  const Label name{"slot_name", status.slot.name};
  const Label type{"slot_type", status.slot.type};
  out.gauge(
      "pg_slot_lag_seconds",
      "Age of the primary's state that the slot's consumer has confirmed",
      {name, type},
      seconds(status.lag.time)
  );
  out.gauge(
      "pg_slot_lag_bytes",
      "WAL that the primary has written and the slot's consumer has not confirmed",
      {name, type},
      number(status.lag.bytes)
  );
  out.gauge(
      "pg_slot_lag_uncertainty_seconds",
      "The true lag lies within this distance of pg_slot_lag_seconds",
      {name, type},
      seconds(status.lag.uncertainty)
  );
  out.gauge(
      "pg_slot_stalled_seconds",
      "Time since its position last moved while WAL was written; 0 while it moves",
      {name, type},
      seconds(status.stalled)
  );
}

void add_use(const cluster::SlotStatus& status, GaugeWriter& out) {
  const cluster::ReplicationSlot& slot = status.slot;
  const Label name{"slot_name", slot.name};
  const Label type{"slot_type", slot.type};
  add_progress(status, out);
  out.gauge(
      "pg_slot_holds_wal",
      "Whether it keeps WAL from being removed",
      {name, type},
      truth(status.holds_wal)
  );
  const auto flag = [&](const char* word, bool holds) {
    out.gauge(
        "pg_slot_flag", "What kind of slot it is", {name, type, {"flag", word}}, truth(holds)
    );
  };
  flag("failover", slot.failover);
  flag("synced", slot.synced);
  flag("temporary", slot.temporary);
  flag("two_phase", slot.two_phase);
  flag("conflicting", slot.conflicting.value_or(false));
  if (const auto reason = invalidation_of(slot)) {
    out.gauge(
        "pg_slot_invalidation_reason",
        "Why the slot is of no use any more; none while it is valid",
        {name, type, {"reason", *reason}},
        1
    );
  }
}

void add_wal_status(const cluster::ReplicationSlot& slot, GaugeWriter& out) {
  const Label name{"slot_name", slot.name};
  const Label type{"slot_type", slot.type};
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
      "Time until its limit cuts the consumer off, at the rate at which it falls behind; +Inf "
      "while it keeps up, absent without a limit",
      {name, type},
      seconds(status.time_to_loss)
  );
  out.gauge(
      "pg_slot_has_consumer",
      "Whether a consumer uses the slot",
      {name, type},
      truth(slot.active && !slot.synced)
  );
  out.gauge(
      "pg_slot_inactive_seconds",
      "Time without a consumer; before PostgreSQL 17 as far as it was watched",
      {name, type},
      seconds(status.inactive)
  );
  add_use(status, out);
  add_wal_status(slot, out);
}

}  // namespace pgrepl::metrics
