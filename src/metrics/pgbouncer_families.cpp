#include "metrics/pgbouncer_families.h"

#include "pg/number.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

constexpr double kMicrosecond = 1e-6;

// How a column, or the row of a list of names and values, is exported.
struct Series {
  std::string_view column;
  std::string_view family;
  MetricType type;
  double factor;
  std::string_view help;
};

constexpr auto kGauge = MetricType::Gauge;
constexpr auto kCounter = MetricType::Counter;

constexpr std::string_view kPoolLabels[] = {"database", "user"};
constexpr Series kPools[] = {
    {"cl_active", "pgbouncer_pools_client_active_connections", kGauge, 1, "Clients that can query"},
    {"cl_waiting",
     "pgbouncer_pools_client_waiting_connections",
     kGauge,
     1,
     "Clients that wait for a server connection"},
    {"cl_active_cancel_req",
     "pgbouncer_pools_client_active_cancel_connections",
     kGauge,
     1,
     "Clients whose cancellation is on its way in the server"},
    {"cl_waiting_cancel_req",
     "pgbouncer_pools_client_waiting_cancel_connections",
     kGauge,
     1,
     "Clients whose cancellation has not been forwarded yet"},
    {"sv_active",
     "pgbouncer_pools_server_active_connections",
     kGauge,
     1,
     "Server connections that a client uses"},
    {"sv_active_cancel",
     "pgbouncer_pools_server_active_cancel_connections",
     kGauge,
     1,
     "Server connections that forward a cancellation"},
    {"sv_being_canceled",
     "pgbouncer_pools_server_being_canceled_connections",
     kGauge,
     1,
     "Server connections that wait for the end of cancellations"},
    {"sv_idle",
     "pgbouncer_pools_server_idle_connections",
     kGauge,
     1,
     "Server connections that are free"},
    {"sv_used",
     "pgbouncer_pools_server_used_connections",
     kGauge,
     1,
     "Server connections that were free for so long that they are to be checked first"},
    {"sv_tested",
     "pgbouncer_pools_server_testing_connections",
     kGauge,
     1,
     "Server connections that are being reset or checked"},
    {"sv_login",
     "pgbouncer_pools_server_login_connections",
     kGauge,
     1,
     "Server connections that are logging in"},
};

constexpr std::string_view kStatsLabels[] = {"database"};
constexpr Series kStats[] = {
    {"total_xact_count",
     "pgbouncer_stats_sql_transactions_pooled_total",
     kCounter,
     1,
     "Transactions"},
    {"total_query_count", "pgbouncer_stats_queries_pooled_total", kCounter, 1, "Queries"},
    {"total_server_assignment_count",
     "pgbouncer_stats_server_assignments_total",
     kCounter,
     1,
     "Times that a server connection was given to a client"},
    {"total_received",
     "pgbouncer_stats_received_bytes_total",
     kCounter,
     1,
     "Bytes received from clients"},
    {"total_sent", "pgbouncer_stats_sent_bytes_total", kCounter, 1, "Bytes sent to clients"},
    {"total_xact_time",
     "pgbouncer_stats_server_in_transaction_seconds_total",
     kCounter,
     kMicrosecond,
     "Time that server connections spent in transactions"},
    {"total_query_time",
     "pgbouncer_stats_queries_duration_seconds_total",
     kCounter,
     kMicrosecond,
     "Time that server connections spent in queries"},
    {"total_wait_time",
     "pgbouncer_stats_client_wait_seconds_total",
     kCounter,
     kMicrosecond,
     "Time that clients waited for a server connection"},
    {"total_client_parse_count",
     "pgbouncer_stats_client_parses_total",
     kCounter,
     1,
     "Prepared statements that clients asked for"},
    {"total_server_parse_count",
     "pgbouncer_stats_server_parses_total",
     kCounter,
     1,
     "Prepared statements that were made in servers"},
    {"total_bind_count",
     "pgbouncer_stats_binds_total",
     kCounter,
     1,
     "Prepared statements that were bound for execution"},
};

constexpr std::string_view kDatabaseLabels[] = {
    "name", "host", "port", "database", "force_user", "pool_mode"};
constexpr Series kDatabases[] = {
    {"pool_size", "pgbouncer_databases_pool_size", kGauge, 1, "Server connections a pool may have"},
    {"reserve_pool",
     "pgbouncer_databases_reserve_pool",
     kGauge,
     1,
     "Server connections a pool may have beyond its size"},
    // Renamed in 1.24.
    {"reserve_pool_size",
     "pgbouncer_databases_reserve_pool",
     kGauge,
     1,
     "Server connections a pool may have beyond its size"},
    {"max_connections",
     "pgbouncer_databases_max_connections",
     kGauge,
     1,
     "Server connections the database may have; 0 is no limit"},
    {"current_connections",
     "pgbouncer_databases_current_connections",
     kGauge,
     1,
     "Server connections the database has"},
    {"paused", "pgbouncer_databases_paused", kGauge, 1, "Whether the database is paused"},
    {"disabled", "pgbouncer_databases_disabled", kGauge, 1, "Whether the database is disabled"},
};

constexpr Series kLists[] = {
    {"databases", "pgbouncer_databases", kGauge, 1, "Databases"},
    {"users", "pgbouncer_users", kGauge, 1, "Users"},
    {"pools", "pgbouncer_pools", kGauge, 1, "Pools"},
    {"free_clients", "pgbouncer_free_clients", kGauge, 1, "Free places for clients in memory"},
    {"used_clients", "pgbouncer_used_clients", kGauge, 1, "Clients"},
    {"login_clients", "pgbouncer_login_clients", kGauge, 1, "Clients that are logging in"},
    {"free_servers",
     "pgbouncer_free_servers",
     kGauge,
     1,
     "Free places for server connections in memory"},
    {"used_servers", "pgbouncer_used_servers", kGauge, 1, "Server connections"},
    {"dns_names", "pgbouncer_cached_dns_names", kGauge, 1, "Host names it remembers"},
    {"dns_zones", "pgbouncer_cached_dns_zones", kGauge, 1, "DNS zones it remembers"},
    {"dns_queries", "pgbouncer_in_flight_dns_queries", kGauge, 1, "Host names it is looking up"},
};

constexpr Series kConfig[] = {
    {"max_client_conn",
     "pgbouncer_config_max_client_connections",
     kGauge,
     1,
     "Setting max_client_conn"},
    {"max_user_connections",
     "pgbouncer_config_max_user_connections",
     kGauge,
     1,
     "Setting max_user_connections; 0 is no limit"},
};

std::optional<double> number_at(
    const pg::ResultSet& rows, std::size_t row, std::string_view column
) {
  const auto text = rows.at(row, column);
  return text ? pg::to_number(*text) : std::nullopt;
}

class PgBouncerWriter {
 public:
  PgBouncerWriter(Labels labels, Families& families)
      : labels_(std::move(labels)), families_(families) {}

  void add(const Series& series, const Labels& more, std::optional<double> value) {
    if (value) {
      Labels labels = labels_;
      labels.add(more);
      families_.add(series.family, series.type, series.help, labels, *value * series.factor);
    }
  }

  // A row for each thing, a column for each number.
  void add_columns(
      const std::optional<pg::ResultSet>& rows,
      std::span<const std::string_view> label_columns,
      std::span<const Series> table
  ) {
    for (std::size_t row = 0; rows && row < rows->rows(); ++row) {
      const Labels more = labels_of(*rows, row, label_columns);
      for (const Series& series : table) {
        add(series, more, number_at(*rows, row, series.column));
      }
    }
  }

  // A row for each number, with its name in a column.
  void add_rows(
      const std::optional<pg::ResultSet>& rows,
      std::string_view name_column,
      std::string_view value_column,
      std::span<const Series> table
  ) {
    for (std::size_t row = 0; rows && row < rows->rows(); ++row) {
      for (const Series& series : table) {
        if (rows->at(row, name_column) == series.column) {
          add(series, {}, number_at(*rows, row, value_column));
        }
      }
    }
  }

  // Whole seconds and the microseconds beyond them stand in two columns.
  void add_longest_wait(const std::optional<pg::ResultSet>& pools) {
    constexpr Series kLongestWait{
        "maxwait",
        "pgbouncer_pools_client_maxwait_seconds",
        kGauge,
        1,
        "How long the client that waits longest has waited for a server connection"};
    for (std::size_t row = 0; pools && row < pools->rows(); ++row) {
      if (const auto seconds = number_at(*pools, row, "maxwait")) {
        const double rest = number_at(*pools, row, "maxwait_us").value_or(0) * kMicrosecond;
        add(kLongestWait, labels_of(*pools, row, kPoolLabels), *seconds + rest);
      }
    }
  }

 private:
  static Labels labels_of(
      const pg::ResultSet& rows, std::size_t row, std::span<const std::string_view> columns
  ) {
    Labels labels;
    for (const std::string_view column : columns) {
      labels.add(column, rows.at(row, column).value_or(""));
    }
    return labels;
  }

  Labels labels_;
  Families& families_;
};

void add_routes(std::span<const cluster::PgBouncerRoute> routes, PgBouncerWriter& out) {
  constexpr Series kServer{
      "",
      "pgbouncer_databases_server_info",
      kGauge,
      1,
      "A known server that the connections of the database lead to"};
  constexpr Series kLeads{
      "",
      "pgbouncer_databases_leads_to_primary",
      kGauge,
      1,
      "Whether the connections of the database lead to the cluster's primary"};
  for (const cluster::PgBouncerRoute& route : routes) {
    for (const std::string& server : route.servers) {
      out.add(kServer, {{"name", route.database}, {"server", server}}, 1);
    }
    if (route.leads_to_primary) {
      out.add(kLeads, {{"name", route.database}}, *route.leads_to_primary ? 1 : 0);
    }
  }
}

}  // namespace

void add_pgbouncer_families(
    const cluster::PgBouncerStatus& status, const Labels& labels, Families& families
) {
  const cluster::PgBouncerProbe& probe = status.probe;
  if (!probe.reading && !probe.failure) {
    return;
  }
  constexpr Series kUp{"", "pgbouncer_up", kGauge, 1, "Whether its admin console answers"};
  constexpr Series kVersion{"", "pgbouncer_version_info", kGauge, 1, "Its version"};
  Labels named = labels;
  named.add("pgbouncer", probe.name);
  PgBouncerWriter out{std::move(named), families};
  out.add(kUp, {}, probe.reading ? 1 : 0);
  if (!probe.reading) {
    return;
  }
  const cluster::PgBouncerReading& reading = *probe.reading;
  if (reading.version && reading.version->rows() > 0) {
    const std::string version{reading.version->at(0, "version").value_or("")};
    out.add(kVersion, {{"version", version}}, 1);
  }
  out.add_columns(reading.pools, kPoolLabels, kPools);
  out.add_longest_wait(reading.pools);
  out.add_columns(reading.stats, kStatsLabels, kStats);
  out.add_columns(reading.databases, kDatabaseLabels, kDatabases);
  out.add_rows(reading.lists, "list", "items", kLists);
  out.add_rows(reading.config, "key", "value", kConfig);
  add_routes(status.routes, out);
}

}  // namespace pgrepl::metrics
