#include "metrics/example_cluster.h"

#include <chrono>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::metrics {

namespace {

using namespace std::chrono_literals;
using cluster::Seconds;

cluster::ServerSample example_sample(std::string name, cluster::Role role) {
  cluster::ServerSample sample{.name = std::move(name)};
  sample.tick.emplace();
  sample.tick->reading.role = role;
  sample.tick->reading.timeline = pg::TimelineId{1};
  sample.tick->reading.position = pg::Lsn{1};
  sample.facts = cluster::ServerFacts{
      .version = pg::ServerVersion{180000},
      .system_identifier = pg::SystemIdentifier{1},
      .cluster_name = "",
      .recovery_min_apply_delay = 0ms,
      .synchronous_standby_names = "",
      .address = std::nullopt,
      .wal_segment_bytes = 1,
  };
  return sample;
}

cluster::Server example_primary() {
  cluster::Server server{.sample = example_sample("pg-1", cluster::Role::Primary)};
  server.sample.sessions = {{"idle", 1}};
  server.activity = {.transactions_per_second = 1, .cache_hit_ratio = 1};
  server.slots.push_back({
      .slot = {.name = "pg_2", .type = "physical", .wal_status = "reserved", .safe_wal_bytes = 1},
      .retained_bytes = 0,
      .time_to_loss = 1s,
      .inactive = 0s,
      .holds_wal = true,
      .stalled = 0s,
      .lag = {.bytes = 0, .time = 0s, .uncertainty = 0s, .basis = cluster::LagBasis::WalHistory},
  });
  server.slots.front().slot.invalidation_reason = "rows_removed";
  server.sample.sync_waits = cluster::SyncWaits{};
  server.sample.tick->reading.senders.push_back({
      .application_name = "pg-2",
      .state = "streaming",
      .sync_state = "async",
      .sync_priority = 0,
      .write_lag = 0,
      .flush_lag = 0,
      .replay_lag = 0,
  });
  return server;
}

cluster::Server example_standby() {
  cluster::Server server{.sample = example_sample("pg-2", cluster::Role::Standby)};
  server.standby = cluster::Standby{
      .state = cluster::StandbyState::Streaming,
      .state_since = {},
      .lag = {.bytes = 0, .time = 0s, .uncertainty = 0s, .basis = cluster::LagBasis::WalHistory},
      .stages = {},
      .bottleneck = std::nullopt,
      .upstream = cluster::Upstream{.server = "pg-1", .slot_name = "pg_2"},
      .replay_bytes_per_second = 0,
      .catchup = 0s,
      .last_message_age = 0s,
      .failover_ready = true,
      .chain = cluster::Chain::Primary,
      .evidence = "",
      .pause_cause = {},
      .low_settings = {},
      .missing_wal = {},
  };
  server.standby->stages.fill({.bytes = 0, .time = 0s});
  return server;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream{text};
  return {std::istream_iterator<std::string>{stream}, {}};
}

// One row in which every column holds a number.
pg::ResultSet row_of_ones(const std::string& columns) {
  pg::ResultSet rows{words_of(columns)};
  while (rows.rows() == 0) {
    rows.append("1");
  }
  return rows;
}

// A row for each name, with a number.
pg::ResultSet rows_of_ones(const std::string& columns, const std::string& names) {
  pg::ResultSet rows{words_of(columns)};
  for (const std::string& name : words_of(names)) {
    rows.append(name);
    rows.append("1");
  }
  return rows;
}

cluster::PgBouncerReading example_console() {
  return {
      .version = row_of_ones("version"),
      .pools = row_of_ones(
          "cl_active cl_waiting cl_active_cancel_req cl_waiting_cancel_req sv_active "
          "sv_active_cancel sv_being_canceled sv_idle sv_used sv_tested sv_login maxwait"
      ),
      .stats = row_of_ones(
          "total_xact_count total_query_count total_server_assignment_count total_received "
          "total_sent total_xact_time total_query_time total_wait_time total_client_parse_count "
          "total_server_parse_count total_bind_count"
      ),
      .databases =
          row_of_ones("pool_size reserve_pool max_connections current_connections paused disabled"),
      .lists = rows_of_ones(
          "list items",
          "databases users pools free_clients used_clients login_clients free_servers used_servers "
          "dns_names dns_zones dns_queries"
      ),
      .config = rows_of_ones("key value", "max_client_conn max_user_connections"),
      .servers = std::nullopt};
}

cluster::PgBouncerStatus example_pgbouncer() {
  return {
      .probe = {.name = "pgbouncer-1", .reading = example_console(), .failure = std::nullopt},
      .routes = {
          {.database = "app", .servers = {"pg-1"}, .leads_to_primary = true, .evidence = ""}}};
}

}  // namespace

ExampleCluster example_cluster() {
  ExampleCluster example;
  example.cluster.servers = {example_primary(), example_standby()};
  example.cluster.timeline = pg::TimelineId{1};
  for (cluster::Server& server : example.cluster.servers) {
    server.timeline = pg::TimelineId{1};
  }
  example.cluster.sync_standbys = cluster::SyncStandbys{};
  example.cluster.data_loss = {.bytes = 0, .time = 0s};
  example.cluster.archive = {.bytes = 0, .time = 0s};
  example.cluster.best_candidate = "pg-2";
  example.cluster.commits_waiting = cluster::CommitsWaiting{.sessions = 0, .longest = 0s};
  example.cluster.last_failover = cluster::Instant{};
  example.cluster.last_failover_downtime = 0s;
  example.cluster.endpoints = {{
      .probe =
          {.name = "write",
           .expect = cluster::Role::Primary,
           .reading = cluster::EndpointReading{},
           .failure = std::nullopt},
      .ok = true,
      .server = "pg-1",
  }};
  example.cluster.pgbouncers = {example_pgbouncer()};
  example.configured.objectives = {.rpo = 1s, .rto = 1s};
  example.configured.lag_thresholds = {.warning = 1s, .critical = 1s};
  for (const cluster::Server& server : example.cluster.servers) {
    example.configured.servers.push_back(
        {.name = server.sample.name, .conninfo = {}, .lag_thresholds = {}}
    );
  }
  return example;
}

}  // namespace pgrepl::metrics
