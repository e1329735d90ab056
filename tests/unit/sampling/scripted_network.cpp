#include "scripted_network.h"

#include <algorithm>

namespace pgrepl::testing {

namespace {

using session::ConnectError;
using session::QueryError;
using session::QueryResult;

class ScriptedSession : public session::Session {
 public:
  ScriptedSession(loop::Loop loop, ScriptedServer& server, std::string database)
      : server_(server), alarm_(loop), loop_(loop), database_(std::move(database)) {}

  ~ScriptedSession() override { close(); }

  asio::awaitable<Expected<void, ConnectError>> connect() override {
    close();
    given_up_ = false;
    connecting_ = true;
    server_.tries += 1;
    server_.heard("connect");
    const Instant at = loop_.now() + server_.login_takes;
    if (connecting_) {
      co_await alarm_.wait_until(at);
    }
    if (!connecting_) {
      co_return Unexpected<ConnectError>{given_up()};
    }
    connecting_ = false;
    if (server_.refusal) {
      co_return Unexpected<ConnectError>{*server_.refusal};
    }
    if (const auto refused = server_.refuses.find(database_); refused != server_.refuses.end()) {
      co_return Unexpected<ConnectError>{refused->second};
    }
    server_.databases.push_back(database_);
    open_ = true;
    server_.logins += 1;
    server_.open += 1;
    server_.most_open = std::max(server_.most_open, server_.open);
    server_.heard("connected");
    if (!open_) {
      co_return Unexpected<ConnectError>{given_up()};
    }
    co_return Expected<void, ConnectError>();
  }

  asio::awaitable<std::vector<QueryResult>> run(
      std::vector<pg::Statement> statements, session::Deadline deadline
  ) override {
    durations_.clear();
    lost_.reset();
    std::vector<QueryResult> results;
    QueryError missing{.message = "not connected", .ends_session = true, .given_up = given_up_};
    for (const pg::Statement& statement : statements) {
      if (open_) {
        server_.heard(statement.text());
        missing = why_missing(true);
      }
      const ScriptedReply reply = reply_to(statement.text());
      const Instant sent = loop_.now();
      const Instant at = std::min(sent + reply.takes, deadline);
      if (open_) {
        co_await alarm_.wait_until(at);
        missing = why_missing(sent + reply.takes <= deadline);
      }
      if (!open_ || sent + reply.takes > deadline) {
        end();
        results.emplace_back(Unexpected<QueryError>{missing});
        continue;
      }
      take(statement.text(), reply, sent, results);
      missing = lost_ ? *lost_ : why_missing(true);
    }
    co_return results;
  }

  void close() noexcept override {
    given_up_ = true;
    end();
  }

  [[nodiscard]] bool is_open() const override { return open_; }

  [[nodiscard]] pg::ServerVersion version() const override { return server_.version; }

  [[nodiscard]] const std::vector<std::string>& addresses() const override { return addresses_; }

  [[nodiscard]] const std::vector<std::chrono::duration<double>>& durations() const override {
    return durations_;
  }

 private:
  void end() noexcept {
    server_.open -= open_ ? 1 : 0;
    open_ = false;
    connecting_ = false;
    alarm_.cancel();
  }

  static ConnectError given_up() {
    return {.message = "given up while it connected", .sqlstate = "", .given_up = true};
  }

  [[nodiscard]] ScriptedReply reply_to(const std::string& sql) const {
    for (const auto& [beginning, reply] : server_.replies) {
      if (sql.starts_with(beginning)) {
        return reply;
      }
    }
    return {.result = pg::ResultSet{std::vector<std::string>{"nothing"}}};
  }

  [[nodiscard]] QueryError why_missing(bool in_time) const {
    if (!open_) {
      return {.message = "given up", .ends_session = true, .given_up = true};
    }
    return {
        .reason = in_time ? pg::FailureReason::Other : pg::FailureReason::Timeout,
        .message = "no answer in time",
        .ends_session = true,
    };
  }

  void take(
      const std::string& sql,
      const ScriptedReply& reply,
      Instant sent,
      std::vector<QueryResult>& into
  ) {
    server_.asked.push_back(sql);
    durations_.emplace_back(loop_.now() - sent);
    into.push_back(reply.result);
    if (!reply.result && reply.result.error().ends_session) {
      lost_ = reply.result.error();
      end();
    } else if (!reply.result && reply.result.error().reason == pg::FailureReason::TooLarge) {
      close();  // by our own side, as of an answer that nobody reads to its end
    }
  }

  ScriptedServer& server_;
  loop::Alarm alarm_;
  loop::Loop loop_;
  std::string database_;
  bool open_ = false;
  bool connecting_ = false;
  bool given_up_ = false;           // close() was called since connect()
  std::optional<QueryError> lost_;  // what ended the connection under a statement
  std::vector<std::string> addresses_;
  std::vector<std::chrono::duration<double>> durations_;
};

void run_ready(asio::io_context& io) {
  io.restart();
  while (io.poll() > 0) {
    io.restart();
  }
}

}  // namespace

void SteppedClock::set(asio::steady_timer& timer, Instant at) {
  timer.expires_at(Instant::max());  // ends a wait under way
  forget(timer);
  timers_.emplace_back(at, &timer);
}

void SteppedClock::forget(asio::steady_timer& timer) noexcept {
  std::erase_if(timers_, [&timer](const auto& set) { return set.second == &timer; });
}

bool SteppedClock::step(asio::io_context& io, Instant until) {
  run_ready(io);
  const auto next =
      std::ranges::min_element(timers_, {}, [](const auto& set) { return set.first; });
  if (next == timers_.end() || next->first > until) {
    now_ = std::max(now_, until);
    return false;
  }
  now_ = std::max(now_, next->first);
  asio::steady_timer* timer = next->second;
  timers_.erase(next);
  timer->cancel();
  run_ready(io);
  return true;
}

std::size_t ScriptedServer::times(const std::string& beginning) const {
  return static_cast<std::size_t>(std::ranges::count_if(asked, [&](const std::string& sql) {
    return sql.starts_with(beginning);
  }));
}

std::unique_ptr<session::Session> ScriptedNetwork::make_session(
    pg::ConnInfo conninfo, session::SessionOptions options
) {
  server_.options = options;
  const std::string database{conninfo.parameter("dbname").value_or("")};
  return std::make_unique<ScriptedSession>(loop_, server_, database);
}

}  // namespace pgrepl::testing
