// Watch over a small world, with those who ask it for pages.
#pragma once

#include "support/captured_log.h"
#include "unit/watch/small_world.h"
#include "watch/watch.h"

#include <algorithm>
#include <optional>

#include <asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace pgrepl::watch {

using namespace std::chrono_literals;
using testing::milliseconds;
using testing::one_value;
using testing::tick_rows;

inline config::Server server_named(const std::string& name) {
  config::Server server{.name = name, .conninfo = {}};
  server.conninfo.endpoint.host = name;
  return server;
}

inline pgrepl::Setup setup_of(std::vector<config::Server> servers) {
  pgrepl::Setup setup;
  setup.config.sampling = {.tick = 1s, .timeout = 3s, .observers = 0};
  config::Cluster cluster{.name = "main"};
  cluster.servers = std::move(servers);
  setup.config.clusters = {cluster};
  setup.catalogue = testing::few_queries()->catalogue;
  // A walk through the databases has a connection of its own, and closes that of the rounds.
  std::erase_if(setup.catalogue.queries, &catalogue::Query::per_database);
  for (catalogue::Query& query : setup.catalogue.queries) {
    query.columns = {
        {.name = "n", .usage = catalogue::ColumnUsage::Gauge, .family = "n_" + query.name}};
  }
  return setup;
}

// One who asked for a page.
struct Asker {
  bool answered = false;
  SnapshotPointer snapshot;
  loop::Instant at;
};

class Watching : public ::testing::Test {
 protected:
  Watching() {
    stage.server.replies["TICK"] = {tick_rows("0/100")};
    stage.server.replies["OFTEN"] = {one_value("n", "1")};
    stage.server.replies["HOURLY"] = {one_value("n", "1")};
    stage.server.replies["TABLES"] = {one_value("n", "1")};
  }

  ~Watching() override {
    if (watch) {
      watch->stop();
      stage.settle();
      EXPECT_TRUE(watch->has_ended());
    }
  }

  void make(pgrepl::Setup setup, Host host = {.version = "1"}) {
    watch = std::make_unique<Watch>(stage.outside, std::move(setup), std::move(host));
    watch->start();
  }

  asio::awaitable<void> ask(Asker& asker, milliseconds timeout) {
    metrics::Selection everything;
    asker.snapshot = co_await watch->scrape(timeout, std::move(everything));
    asker.at = stage.loop.now();
    asker.answered = true;
  }

  void scrape(Asker& asker, milliseconds timeout = 10s) {
    asio::co_spawn(stage.io, ask(asker, timeout), [](const std::exception_ptr& problem) {
      EXPECT_FALSE(problem);
    });
  }

  asio::awaitable<void> ask_probe(
      std::optional<http::ProbeAnswer>& answer, std::string target, milliseconds timeout
  ) {
    http::ProbeRequest request{.target = std::move(target), .cluster = {}, .auth_module = {}};
    answer = co_await watch->probe(std::move(request), timeout);
  }

  void probe(
      std::optional<http::ProbeAnswer>& answer,
      const std::string& target,
      milliseconds timeout = 10s
  ) {
    auto task = ask_probe(answer, target, timeout);
    asio::co_spawn(stage.io, std::move(task), [](const std::exception_ptr& problem) {
      EXPECT_FALSE(problem);
    });
  }

  static bool has(const Asker& asker, const std::string& text) {
    return asker.snapshot && asker.snapshot->page.find(text) != std::string::npos;
  }

  [[nodiscard]] std::size_t rounds() const { return stage.server.times("OFTEN"); }

  testing::CapturedLog log;
  testing::SmallStage stage;
  std::unique_ptr<Watch> watch;
};

}  // namespace pgrepl::watch
