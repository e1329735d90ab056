// A poller of a scripted server, under a clock that only the test moves.
#pragma once

#include "loop/supervisor.h"
#include "queries_fixture.h"
#include "sampling/poller.h"
#include "scripted_network.h"

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <asio/co_spawn.hpp>

namespace pgrepl::sampling {

using namespace std::chrono_literals;

inline const config::Sampling kPace{.tick = 1s, .timeout = 3s, .observers = 0};

// A poller of a scripted server, and who calls it.
struct Scene {
  explicit Scene(
      const config::Sampling& pace = kPace,
      const pg::ConnInfo& conninfo = {},
      const std::optional<std::string>& cluster = std::nullopt
  ) {
    server.replies["TICK"] = {testing::tick_rows("0/100")};
    server.replies["OFTEN"] = {testing::one_value("n", "1")};
    server.replies["HOURLY"] = {testing::one_value("n", "1")};
    server.replies["TABLES"] = {testing::one_value("n", "1")};
    pg::ResultSet names = testing::one_value("datname", "app");
    names.append("shop");
    server.replies["SELECT datname"] = {names};
    config::Server configured{.name = "pg-1", .conninfo = conninfo};
    poller = std::make_unique<Poller>(
        loop, supervisor, network, cluster, configured, pace, testing::few_queries()
    );
  }

  void spawn(asio::awaitable<void> task) {
    asio::co_spawn(io, std::move(task), [this](const std::exception_ptr& problem) {
      ended += 1;
      if (problem) {
        std::rethrow_exception(problem);
      }
    });
  }

  asio::awaitable<void> note_end(asio::awaitable<void> task, std::optional<Instant>& at) {
    co_await std::move(task);
    at = loop.now();
  }

  // Turn by turn, as the watch does it.
  void tick() {
    Poller* const ticking = poller.get();
    supervisor.keep(
        ticking,
        {.name = "tick",
         .turn = [ticking] { return ticking->tick(); },
         .is_over = [ticking] { return ticking->stopped(); },
         .failed = [ticking](const std::string&) { ticking->tick_failed(); }}
    );
  }

  void run_for(std::chrono::milliseconds time) { clock.run_until(io, loop.now() + time); }

  void round() {
    spawn(poller->run_round(loop.now() + 3s));
    run_for(100ms);
  }

  void stop() {
    poller->stop();
    clock.run_until(io, loop.now());
  }

  [[nodiscard]] const std::map<std::string, Collected>& collected() const {
    return poller->collected(loop.now());
  }

  testing::SteppedClock clock;
  asio::io_context io{1};
  loop::Loop loop{io, clock};
  std::map<std::string, int> failures;  // of tasks, by name
  loop::Supervisor supervisor{loop, [this](const std::string& task) { failures[task] += 1; }};
  testing::ScriptedServer server;
  testing::ScriptedNetwork network{loop, server};
  std::unique_ptr<Poller> poller;
  int ended = 0;
};

}  // namespace pgrepl::sampling
