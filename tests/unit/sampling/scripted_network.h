// A server as a script: what it answers to which statement, and how long it takes, under a clock
// that only the test moves. For coroutines of the exporter's own, which need no real server.
#pragma once

#include "loop/alarm.h"
#include "session/session.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

namespace pgrepl::testing {

using loop::Instant;
using std::chrono::milliseconds;

class SteppedClock : public loop::Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }

  [[nodiscard]] double wall_now() const override { return 0; }

  void set(asio::steady_timer& timer, Instant at) override;
  void forget(asio::steady_timer& timer) noexcept override;

  // Runs what is ready, then goes to the next timer that comes by `until`, and runs what it woke.
  // False when there is none: then it is `until`.
  bool step(asio::io_context& io, Instant until);

  void run_until(asio::io_context& io, Instant until) {
    while (step(io, until)) {
    }
  }

 private:
  // Not the epoch, so that code may look back from the first instant.
  Instant now_{std::chrono::hours{1}};
  std::vector<std::pair<Instant, asio::steady_timer*>> timers_;
};

struct ScriptedReply {
  session::QueryResult result = pg::ResultSet{std::vector<std::string>{"nothing"}};
  milliseconds takes{1};
};

struct ScriptedServer {
  pg::ServerVersion version{150004};
  std::optional<session::ConnectError> refusal;
  // Likewise, of logins to one database.
  std::map<std::string, session::ConnectError> refuses;
  milliseconds login_takes{1};
  // By the beginning of the statement; what has none is answered with no rows.
  std::map<std::string, ScriptedReply> replies;
  // Called when a statement begins to be answered, and when a login has worked.
  std::function<void(const std::string& sql)> heard = [](const std::string&) {};
  int logins = 0;
  int tries = 0;                       // to log in, the refused ones too
  std::vector<std::string> databases;  // of the logins that worked; empty: as configured
  std::optional<session::SessionOptions> options;  // of the session that was made last
  int open = 0;
  int most_open = 0;
  std::vector<std::string> asked;  // in the order of answers

  [[nodiscard]] std::size_t times(const std::string& beginning) const;
};

class ScriptedNetwork : public session::Network {
 public:
  ScriptedNetwork(loop::Loop loop, ScriptedServer& server) : loop_(loop), server_(server) {}

  [[nodiscard]] std::unique_ptr<session::Session> make_session(
      pg::ConnInfo conninfo, session::SessionOptions options
  ) override;

  [[nodiscard]] std::unique_ptr<session::SimpleSession> make_simple_session() override {
    return nullptr;
  }

  asio::awaitable<session::Addresses> resolve(std::string, session::Deadline) override {
    co_return session::Addresses{};
  }

 private:
  loop::Loop loop_;
  ScriptedServer& server_;
};

}  // namespace pgrepl::testing
