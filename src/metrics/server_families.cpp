#include "metrics/gauge_writer.h"

#include <algorithm>
#include <string>
#include <utility>

namespace pgrepl::metrics {

namespace {

using cluster::Role;
using cluster::Server;
using cluster::Standby;
using cluster::StandbyState;

// Families with one value a server.
struct ServerRow {
  std::string_view name;
  std::string_view help;
  std::optional<double> (*value)(const ClusterView&, const Server&);
};

constexpr ServerRow kServerRows[] = {
    {"pg_up",
     "Whether the connection that collects is answered",
     [](const ClusterView&, const Server& s) { return std::optional{truth(is_up(s.sample))}; }},
    {"pg_exporter_observer",
     "Whether this exporter reads the server in full; 0 when it leaves it to others, or it is down",
     [](const ClusterView&, const Server& s) {
       return std::optional{truth(s.sample.tick && !s.sample.failure)};
     }},
    {"pg_server_pooled",
     "1: the address leads through a pooler, so that no state of a session is used",
     [](const ClusterView&, const Server& s) -> std::optional<double> {
       return is_up(s.sample) ? std::optional{truth(s.sample.pooled)} : std::nullopt;
     }},
    {"pg_server_timeline",
     "Current timeline",
     [](const ClusterView&, const Server& s) -> std::optional<double> {
       return reading_of(s) != nullptr ? number(s.timeline) : std::nullopt;
     }},
    {"pg_wal_position_bytes",
     "Write position of a primary, replay position of a standby",
     [](const ClusterView&, const Server& s) -> std::optional<double> {
       const auto* reading = reading_of(s);
       return reading != nullptr && reading->position
                  ? std::optional{static_cast<double>(reading->position->bytes())}
                  : std::nullopt;
     }},
    {"pg_server_clock_offset_seconds",
     "The server's clock minus the exporter's",
     [](const ClusterView& view, const Server& s) -> std::optional<double> {
       if (!s.sample.tick) {
         return std::nullopt;
       }
       const auto& tick = *s.sample.tick;
       const auto read_at = tick.sent + (tick.received - tick.sent) / 2;
       return tick.reading.server_time - wall_clock(view, read_at);
     }},
    {"pg_replication_lag_seconds",
     "As pg_standby_lag_seconds, under the community exporter's name; 0 on a primary",
     [](const ClusterView&, const Server& s) -> std::optional<double> {
       const auto* reading = reading_of(s);
       if (reading != nullptr && reading->role == Role::Primary && !s.standby) {
         return 0;
       }
       return s.standby ? seconds(s.standby->lag.time) : std::nullopt;
     }},
    {"pg_server_transactions_per_second",
     "Transactions committed and rolled back a second over the last minute",
     [](const ClusterView&, const Server& s) { return s.activity.transactions_per_second; }},
    {"pg_server_cache_hit_ratio",
     "Share of the blocks asked for over the last minute that were in PostgreSQL's buffer cache",
     [](const ClusterView&, const Server& s) { return s.activity.cache_hit_ratio; }},
    {"pg_exporter_server_round_trip_seconds",
     "Duration of the last exchange of a tick with the server",
     [](const ClusterView&, const Server& s) -> std::optional<double> {
       if (!s.sample.tick) {
         return std::nullopt;
       }
       return cluster::Seconds{s.sample.tick->received - s.sample.tick->sent}.count();
     }},
    {"pg_exporter_last_tick_timestamp_seconds",
     "When the server last answered a tick",
     [](const ClusterView& view, const Server& s) -> std::optional<double> {
       return s.sample.tick ? std::optional{wall_clock(view, s.sample.tick->received)}
                            : std::nullopt;
     }},
};

constexpr pg::FailureReason kReasons[] = {
    pg::FailureReason::Refused,
    pg::FailureReason::Timeout,
    pg::FailureReason::Auth,
    pg::FailureReason::Tls,
    pg::FailureReason::Dns,
    pg::FailureReason::TooManyConnections,
    pg::FailureReason::StartingUp,
    pg::FailureReason::ShuttingDown,
    pg::FailureReason::Permission,
    pg::FailureReason::Unsupported,
    pg::FailureReason::Pooler,
    pg::FailureReason::TooLarge,
    pg::FailureReason::Other,
};

void add_reasons(const Server& server, GaugeWriter& out) {
  constexpr std::string_view kHelp = "Why the server does not answer; ok when it does";
  const auto& failure = server.sample.failure;
  const bool up = is_up(server.sample);
  out.gauge("pg_up_reason", kHelp, {{"reason", "ok"}}, truth(up));
  for (const pg::FailureReason reason : kReasons) {
    const bool holds = !up && (failure ? failure->reason : pg::FailureReason::Other) == reason;
    const std::string word{to_string(reason)};
    out.gauge("pg_up_reason", kHelp, {{"reason", word}}, truth(holds));
  }
}

void add_role(const Server& server, GaugeWriter& out) {
  constexpr std::string_view kHelp = "Whether the server answers in this role";
  const auto* reading = reading_of(server);
  if (reading != nullptr) {
    out.gauge(
        "pg_server_role", kHelp, {{"role", "primary"}}, truth(reading->role == Role::Primary)
    );
    out.gauge(
        "pg_server_role", kHelp, {{"role", "standby"}}, truth(reading->role == Role::Standby)
    );
  }
}

// What the server lets us see and call, each as far as an answer has shown it.
void add_capabilities(const Server& server, GaugeWriter& out) {
  const auto* reading = reading_of(server);
  if (reading == nullptr) {
    return;
  }
  const cluster::ServerSample& sample = server.sample;
  const auto& waits = sample.sync_waits;
  const auto& facts = sample.facts;
  const std::pair<const char*, std::optional<bool>> capabilities[] = {
      {"wal_position", reading->position.has_value()},
      {"receiver", !reading->receiver.is_hidden()},
      {"senders", !reading->senders_hidden},
      {"slots", sample.slots_read_at ? std::optional{true} : std::nullopt},
      {"control", reading->system_identifier.has_value()},
      {"activity",
       waits.is_hidden() || waits.has_value() ? std::optional{!waits.is_hidden()} : std::nullopt},
      {"settings", facts ? facts->reads_all_settings : std::nullopt},
  };
  for (auto [capability, has] : capabilities) {
    if (const auto known = sample.capabilities.find(capability);
        known != sample.capabilities.end()) {
      has = known->second && has.value_or(true);
    }
    out.gauge(
        "pg_server_capability",
        "0: the server refuses it to our role; what rests on it is absent",
        {{"capability", capability}},
        has ? std::optional{truth(*has)} : std::nullopt
    );
  }
}

void add_sessions(const Server& server, GaugeWriter& out) {
  for (const auto& [state, count] : server.sample.sessions) {
    out.gauge(
        "pg_server_connections",
        "Sessions of clients by pg_stat_activity.state",
        {{"state", state}},
        count
    );
  }
}

void add_information(const Server& server, GaugeWriter& out) {
  const auto& facts = server.sample.facts;
  if (!server.sample.tick || !facts) {
    return;
  }
  const std::string identifier =
      facts->system_identifier
          ? std::to_string(static_cast<std::uint64_t>(*facts->system_identifier))
          : "";
  out.gauge(
      "pg_server_info",
      "What the server is",
      {{"version", std::to_string(facts->version.number)},
       {"short_version", to_string(facts->version)},
       {"system_identifier", identifier},
       {"address", facts->address.value_or("")},
       {"cluster_name", facts->cluster_name}},
      1
  );
}

}  // namespace

void add_server_families(const ClusterView& view, const Server& server, GaugeWriter& out) {
  for (const ServerRow& row : kServerRows) {
    out.gauge(row.name, row.help, row.value(view, server));
  }
  add_reasons(server, out);
  add_role(server, out);
  add_capabilities(server, out);
  add_sessions(server, out);
  add_information(server, out);
}

}  // namespace pgrepl::metrics
