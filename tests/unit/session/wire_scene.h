// A loop with a clock that only the test moves, and a WireServer to connect to. Bytes travel
// through the kernel's loopback, so a test waits for what has to come, never for a time.
#pragma once

#include "loop/alarm.h"
#include "session/pipeline_session.h"
#include "session/plain_session.h"
#include "unit/sampling/scripted_network.h"
#include "wire_server.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

namespace pgrepl::session {

using namespace std::chrono_literals;
namespace wire = testing::wire;

// What a coroutine of the test's has come to.
template <class T>
struct Pending {
  std::optional<T> result;
  std::exception_ptr problem;
  bool ended = false;
};

class WireScene : public ::testing::Test {
 protected:
  static constexpr SessionOptions kOptions{
      .connect_timeout = 5s, .statement_timeout = 2s, .lock_timeout = 100ms};

  // Runs what is ready until `holds`; the test fails when that takes ten seconds of real time.
  void run_until(const std::function<bool()>& holds) {
    const auto patience = std::chrono::steady_clock::now() + 10s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > patience) {
        throw std::runtime_error{"what the test waits for does not come"};
      }
      io.restart();
      (void)io.run_one_for(100ms);
    }
  }

  void run_until_heard(const std::string& beginning, std::size_t times = 1) {
    run_until([&] { return server.times(beginning) >= times; });
  }

  // Lets the time pass; alarms go off.
  void pass(std::chrono::milliseconds time) { clock.run_until(io, loop.now() + time); }

  template <class T>
  std::shared_ptr<Pending<T>> start(asio::awaitable<T> task) {
    auto pending = std::make_shared<Pending<T>>();
    asio::co_spawn(io, keep(std::move(task), pending), [pending](const std::exception_ptr& thrown) {
      pending->problem = thrown;
      pending->ended = true;
    });
    return pending;
  }

  template <class T>
  T finish(const std::shared_ptr<Pending<T>>& pending) {
    run_until([&] { return pending->ended; });
    if (pending->problem) {
      std::rethrow_exception(pending->problem);
    }
    return std::move(*pending->result);
  }

  template <class T>
  T finish(asio::awaitable<T> task) {
    return finish(start(std::move(task)));
  }

  [[nodiscard]] pg::ConnInfo conninfo(const std::string& sslmode = "disable") const {
    pg::ConnInfo made;
    made.endpoint = {.host = "127.0.0.1", .port = server.port()};
    made.set_parameter("user", "monitor");
    made.set_parameter("dbname", "postgres");
    made.set_parameter("sslmode", sslmode);
    made.set_parameter("passfile", "/dev/null");
    return made;
  }

  std::unique_ptr<PipelineSession> session(SessionOptions options = kOptions) {
    return std::make_unique<PipelineSession>(loop, resolver, conninfo(), options);
  }

  std::unique_ptr<PipelineSession> connected() {
    auto made = session();
    const auto result = finish(made->connect());
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return made;
  }

  // The error of a login that fails.
  ConnectError refusal(PipelineSession& of) {
    auto result = finish(of.connect());
    EXPECT_FALSE(result);
    EXPECT_FALSE(of.is_open());
    return result ? ConnectError{} : result.error();
  }

  ConnectError refusal() {
    const auto made = session();
    return refusal(*made);
  }

  std::shared_ptr<Pending<std::vector<QueryResult>>> begin(
      Session& with, std::vector<pg::Statement> statements
  ) {
    return start(with.run(std::move(statements), loop.now() + 3s));
  }

  std::vector<QueryResult> run(Session& with, std::vector<pg::Statement> statements) {
    return finish(begin(with, std::move(statements)));
  }

  testing::SteppedClock clock;
  asio::io_context io{1};
  loop::Loop loop{io, clock};
  Resolver resolver{
      loop, [](const std::string&) { return Addresses{std::vector<std::string>{"127.0.0.1"}}; }};
  testing::WireServer server{io};

 private:
  template <class T>
  static asio::awaitable<void> keep(asio::awaitable<T> task, std::shared_ptr<Pending<T>> pending) {
    T value = co_await std::move(task);
    pending->result.emplace(std::move(value));
  }
};

// The only value of a result, "NULL", or "error: " and the message.
inline std::string only_value(const QueryResult& result) {
  if (!result) {
    return "error: " + result.error().message;
  }
  return result->rows() == 0 ? "no rows"
                             : std::string{result->at(0, std::size_t{0}).value_or("NULL")};
}

}  // namespace pgrepl::session
