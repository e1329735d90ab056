// Everything that Watch reaches the outside by, as scripts under a clock that the test moves:
// servers that all answer alike, a resolver, consoles and endpoints, and no HTTP.
#pragma once

#include "fetch/outside.h"
#include "unit/sampling/queries_fixture.h"
#include "unit/sampling/scripted_network.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

namespace pgrepl::testing {

// What endpoints and resolvers do.
struct SmallWorld {
  // Of any statement in the simple protocol. It may throw.
  std::function<session::SimpleSession::Answer(const std::string& sql)> answer =
      [](const std::string&) { return session::SimpleSession::Answer{one_value("n", "1")}; };
  milliseconds answer_takes{1};
  // Of any look-up. It may throw.
  std::function<session::Addresses(const std::string& host)> look_up = [](const std::string&) {
    return session::Addresses{std::vector<std::string>{}};
  };
  // Of every login, while it is there.
  std::optional<session::ConnectError> refusal{};
  // The answer to this statement does not come: the connection ends instead, once.
  std::optional<std::string> ends_at{};
  int simple_logins = 0;
  int look_ups = 0;
};

class SmallWorldSession : public session::SimpleSession {
 public:
  SmallWorldSession(loop::Loop loop, SmallWorld& world)
      : loop_(loop), world_(world), alarm_(loop) {}

  asio::awaitable<std::optional<session::ConnectError>> open(pg::ConnInfo, session::Deadline)
      override {
    world_.simple_logins += 1;
    open_ = !world_.refusal;
    co_return world_.refusal;
  }

  asio::awaitable<Answer> ask(std::string sql, session::Deadline deadline) override {
    const Instant at = std::min(loop_.now() + world_.answer_takes, deadline);
    const bool in_time = co_await alarm_.wait_until(at);
    if (!in_time || loop_.now() >= deadline) {
      open_ = false;
      session::ConnectError late{.reason = pg::FailureReason::Timeout, .message = "too late"};
      co_return Unexpected<session::ConnectError>{std::move(late)};
    }
    if (world_.ends_at == sql) {
      world_.ends_at.reset();
      open_ = false;
      session::ConnectError lost{.message = "connection lost", .sqlstate = ""};
      co_return Unexpected<session::ConnectError>{std::move(lost)};
    }
    co_return world_.answer(sql);
  }

  [[nodiscard]] bool is_open() const override { return open_; }

  void close() noexcept override { open_ = false; }

 private:
  loop::Loop loop_;
  SmallWorld& world_;
  loop::Alarm alarm_;
  bool open_ = false;
};

class SmallWorldNetwork : public ScriptedNetwork {
 public:
  SmallWorldNetwork(loop::Loop loop, ScriptedServer& server, SmallWorld& world)
      : ScriptedNetwork(loop, server), loop_(loop), world_(world) {}

  [[nodiscard]] std::unique_ptr<session::SimpleSession> make_simple_session() override {
    return std::make_unique<SmallWorldSession>(loop_, world_);
  }

  asio::awaitable<session::Addresses> resolve(std::string host, session::Deadline) override {
    world_.look_ups += 1;
    loop::Alarm alarm{loop_};
    const Instant at = loop_.now() + milliseconds{1};
    co_await alarm.wait_until(at);
    co_return world_.look_up(host);
  }

 private:
  loop::Loop loop_;
  SmallWorld& world_;
};

class NoHttp : public fetch::Client {
 public:
  asio::awaitable<Expected<std::string, std::string>> get(
      config::Url, config::RestAccess, loop::Instant
  ) override {
    co_return Unexpected<std::string>{"nobody answers HTTP here"};
  }
};

// All of it, on a loop.
struct SmallStage {
  void run_for(milliseconds time) { clock.run_until(io, loop.now() + time); }

  // What is ready now, without time going by.
  void settle() { run_for(milliseconds{0}); }

  SteppedClock clock;
  asio::io_context io{1};
  loop::Loop loop{io, clock};
  ScriptedServer server;
  SmallWorld world;
  SmallWorldNetwork network{loop, server, world};
  NoHttp http;
  fetch::Outside outside{loop, network, http};
};

}  // namespace pgrepl::testing
