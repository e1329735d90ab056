#include "commands/check_servers.h"

#include "loop/supervisor.h"
#include "metrics/query_families.h"
#include "pages/query_report.h"
#include "sampling/poller.h"
#include "session/ask_once.h"
#include "session/libpq_network.h"
#include "start/query_switches.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

namespace pgrepl {

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;
constexpr int kServerFailed = 1;

struct Checked {
  std::string cluster;
  std::unique_ptr<sampling::Poller> poller;
  std::optional<bool> member_of_pg_monitor;
};

asio::awaitable<void> check(session::Network& network, Checked& checked) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  co_await checked.poller->run_round(deadline);
  while (checked.poller->has_walk()) {
    co_await checked.poller->walk();
  }
  co_await checked.poller->end();
  pg::ConnInfo conninfo = checked.poller->server().conninfo;
  std::string question = "SELECT pg_catalog.pg_has_role('pg_monitor', 'USAGE')";
  const auto answer =
      co_await session::ask_once(network, std::move(conninfo), std::move(question), deadline);
  if (answer && answer->rows() == 1) {
    checked.member_of_pg_monitor = answer->at(0, 0) == "t";
  }
}

std::size_t count_series(const catalogue::Query& query, const pg::ResultSet& rows) {
  metrics::Families families;
  (void)metrics::add_query_families(query, rows, {}, families);
  std::size_t series = 0;
  for (const auto& family : std::move(families).take()) {
    series += family.samples;
  }
  return series;
}

pages::ServerReport report_of(const Checked& checked) {
  const auto now = std::chrono::steady_clock::now();
  const auto sample = checked.poller->sample(now);
  pages::ServerReport report{
      .cluster = checked.cluster,
      .name = checked.poller->server().name,
      .failure = sample.failure ? sample.failure->message : "",
      .version = sample.facts ? to_string(sample.facts->version) : "",
      .role = sample.tick && sample.tick->reading.role == cluster::Role::Primary ? "primary"
                                                                                 : "standby",
      .pooled = sample.pooled,
      .member_of_pg_monitor = checked.member_of_pg_monitor,
  };
  for (const auto& [name, collected] : checked.poller->collected(now)) {
    pages::QueryReport query{.name = name, .error = collected.error, .seconds = collected.seconds};
    if (collected.rows) {
      query.rows = collected.rows->rows();
      query.series = count_series(*collected.query, *collected.rows);
    }
    report.queries.push_back(std::move(query));
  }
  return report;
}

}  // namespace

int check_servers(Setup setup) {
  auto queries = std::make_shared<sampling::Queries>();
  queries->switches = to_switches(setup.config.queries, setup.catalogue);
  queries->catalogue = std::move(setup.catalogue);
  queries->most_series = setup.config.limits.series_per_server;
  catalogue::name_databases(queries->catalogue, queries->switches.databases);
  loop::SystemClock clock;
  asio::io_context io{1};
  const loop::Loop loop{io, clock};
  const config::Limits& limits = setup.config.limits;
  session::LibpqNetwork network{
      loop, {.answer_bytes = limits.answer_bytes, .text_bytes = limits.text_bytes}};
  bool well = true;
  loop::Supervisor supervisor{loop, [&well](const std::string&) { well = false; }};
  std::vector<Checked> all;
  for (const config::Cluster& cluster : setup.config.clusters) {
    for (const config::Server& server : cluster.servers) {
      all.push_back(
          {.cluster = cluster.name,
           .poller = std::make_unique<sampling::Poller>(
               loop, supervisor, network, std::nullopt, server, setup.config.sampling, queries
           )}
      );
    }
  }
  for (Checked& checked : all) {
    supervisor.spawn(&checked, "check", check(network, checked));
  }
  io.run();
  for (const Checked& checked : all) {
    const pages::ServerReport report = report_of(checked);
    std::fputs(to_text(report).c_str(), stdout);
    well = well && report.is_well();
  }
  return well ? 0 : kServerFailed;
}

}  // namespace pgrepl
