#include "metrics/gauge_writer.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace pgrepl::metrics {

namespace {

constexpr std::array<std::string_view, 4> kSyncStates{"async", "potential", "sync", "quorum"};

// The server that a row feeds, by the name it has here; else what the row calls it.
std::string standby_of(
    const ClusterView& view, const cluster::Server& sender, const cluster::WalSender& row
) {
  for (const cluster::Server& server : view.cluster.servers) {
    const auto& upstream = server.standby ? server.standby->upstream : std::nullopt;
    if (upstream && !server.same_as && upstream->server == sender.sample.name &&
        upstream->application_name == row.application_name &&
        upstream->slot_name == row.slot_name) {
      return server.sample.name;
    }
  }
  return row.application_name;
}

void add_sender(const cluster::WalSender& row, const Label& standby, GaugeWriter& out) {
  constexpr std::string_view kLag = "pg_sender_lag_seconds";
  constexpr std::string_view kHelp =
      "Lag as the sender measures it itself; absent while nothing is written";
  out.gauge(kLag, kHelp, {standby, {"stage", "write"}}, row.write_lag);
  out.gauge(kLag, kHelp, {standby, {"stage", "flush"}}, row.flush_lag);
  out.gauge(kLag, kHelp, {standby, {"stage", "replay"}}, row.replay_lag);
  out.gauge(
      "pg_sender_sync_priority",
      "Its place in synchronous_standby_names; 0 when it has none",
      {standby},
      number(row.sync_priority)
  );
  for (const std::string_view state : kSyncStates) {
    out.gauge(
        "pg_sender_sync_state",
        "What the sender is to synchronous commits",
        {standby, {"sync_state", std::string{state}}},
        truth(row.sync_state == state)
    );
  }
}

}  // namespace

// Of several consumers that cannot be told apart, one has the series.
void add_sender_families(const ClusterView& view, const cluster::Server& server, GaugeWriter& out) {
  const auto* reading = reading_of(server);
  if (reading == nullptr || server.same_as) {
    return;
  }
  std::set<std::string> told;
  for (const cluster::WalSender& row : reading->senders) {
    const std::string standby = standby_of(view, server, row);
    if (row.state != "backup" && told.insert(standby).second) {
      add_sender(row, {"standby", standby}, out);
    }
  }
}

}  // namespace pgrepl::metrics
