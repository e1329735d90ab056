#include "simulation/wire.h"

#include <algorithm>
#include <utility>

#include <asio/this_coro.hpp>

namespace pgrepl::simulation {

namespace {

using session::ConnectError;
using session::QueryError;
using session::QueryResult;

constexpr milliseconds kStandStill{50};  // how often a stuck connection looks again
constexpr std::chrono::microseconds kStatement{100};

ConnectError connect_error(pg::FailureReason reason, std::string message, std::string sqlstate) {
  return {.reason = reason, .message = std::move(message), .sqlstate = std::move(sqlstate)};
}

ConnectError refused_by(const char* sqlstate, std::string message) {
  return connect_error(pg::classify_sql_state(sqlstate), std::move(message), sqlstate);
}

QueryResult failed(QueryError error) {
  return Unexpected<QueryError>{std::move(error)};
}

}  // namespace

Wire::Wire(loop::Loop loop, Exchange& exchange, ExporterId exporter)
    : loop_(loop), exchange_(exchange), exporter_(exporter), alarm_(loop) {
  exchange_.ledger.sessions += 1;
}

Wire::~Wire() {
  close();
  exchange_.ledger.sessions -= 1;
}

void Wire::close() noexcept {
  given_up_ = true;
  drop();
}

void Wire::drop() noexcept {
  ++turn_;
  if (backend_ != 0) {
    exchange_.by_backend.erase(backend_);
    exchange_.world.close_backend(node_, backend_);
    backend_ = 0;
  }
  ended_ = false;
  seen_.clear();
  alarm_.cancel();
}

const Link& Wire::link() const {
  return exchange_.world.to_exporter(exporter_, node_);
}

bool Wire::stands_still() const {
  const Node& node = exchange_.world.node(node_);
  return !link().carries_answers() || (node.frozen && node.process != Process::Down);
}

asio::awaitable<Wire::Passed> Wire::pass(milliseconds time, Instant deadline, bool needs_server) {
  const std::uint64_t turn = turn_;
  Instant end = loop_.now() + time;
  while (true) {
    const bool stuck = needs_server && stands_still();
    if (ended_ && !stuck) {
      co_return Passed::Ended;
    }
    if (loop_.now() >= end && !stuck) {
      co_return Passed::Yes;
    }
    if (loop_.now() >= deadline) {
      co_return Passed::Late;
    }
    const Instant next = stuck ? loop_.now() + kStandStill : end;
    const Instant at = std::min(next, deadline);
    co_await alarm_.wait_until(at);
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (turn != turn_ || state.cancelled() != asio::cancellation_type::none) {
      co_return Passed::GivenUp;
    }
  }
}

asio::awaitable<std::optional<ConnectError>> Wire::open(pg::ConnInfo conninfo, Instant deadline) {
  drop();
  given_up_ = false;
  const pg::Endpoint& endpoint = conninfo.endpoint;
  const auto found = exchange_.world.find(endpoint.host, endpoint.port);
  if (!found) {
    // An address where nobody is.
    co_await alarm_.wait_until(deadline);
    ConnectError unknown =
        connect_error(pg::FailureReason::Timeout, "no connection within connect_timeout", "");
    unknown.given_up = given_up_;
    co_return unknown;
  }
  node_ = *found;
  addresses_.assign(1, exchange_.world.node(node_).address);
  const Instant began = loop_.now();
  exchange_.ledger.note_login(exporter_, node_, began);
  auto failure = co_await log_in(deadline);
  Contact& contact = exchange_.ledger.of(exporter_, node_);
  if (failure) {
    contact.failed = loop_.now();
    drop();
    if (exchange_.film.keeps()) {
      exchange_.film.note(
          loop_.now(),
          "exporter " + std::to_string(exporter_),
          "login at " + exchange_.world.node(node_).name + " failed: " + failure->message
      );
    }
  } else {
    contact.answered = loop_.now();
  }
  co_return failure;
}

std::optional<ConnectError> Wire::refusal() const {
  const Node& node = exchange_.world.node(node_);
  if (node.process == Process::StartingUp) {
    return refused_by("57P03", "FATAL:  the database system is starting up");
  }
  if (node.manners.refuses_password) {
    return refused_by("28P01", "FATAL:  password authentication failed for user \"monitor\"");
  }
  if (node.manners.is_full) {
    return refused_by("53300", "FATAL:  sorry, too many clients already");
  }
  return std::nullopt;
}

asio::awaitable<std::optional<ConnectError>> Wire::log_in(Instant deadline) {
  const ConnectError late =
      connect_error(pg::FailureReason::Timeout, "no connection within connect_timeout", "");
  ConnectError given_up =
      connect_error(pg::FailureReason::Other, "given up while it connected", "");
  given_up.given_up = true;
  const ConnectError refused = connect_error(pg::FailureReason::Refused, "Connection refused", "");
  const milliseconds round_trip = 2 * link().latency;
  const bool refuses =
      link().flow == Flow::Refused || exchange_.world.node(node_).process == Process::Down;
  Passed passed = co_await pass(round_trip, deadline, !refuses);
  if (passed == Passed::Yes && refuses) {
    co_return refused;
  }
  if (passed == Passed::Yes) {
    if (auto refusal_now = refusal()) {
      co_return refusal_now;
    }
    if (exchange_.world.node(node_).process == Process::Down) {
      co_return refused;
    }
    version_ = pg::ServerVersion{exchange_.world.node(node_).version};
    backend_ = exchange_.world.open_backend(node_, exporter_);
    exchange_.by_backend[backend_] = this;
    passed = co_await pass(2 * round_trip, deadline, true);
  }
  if (passed == Passed::Ended) {
    co_return refused;
  }
  if (passed == Passed::Late) {
    co_return late;
  }
  if (passed == Passed::GivenUp) {
    co_return given_up;
  }
  co_return std::nullopt;
}

asio::awaitable<std::vector<QueryResult>> Wire::run(
    std::vector<pg::Statement> statements, milliseconds statement_timeout, Instant deadline
) {
  durations_.clear();
  std::vector<QueryResult> results;
  if (!is_open()) {
    const char* const why = given_up_ ? "given up: the session was closed" : "not connected";
    QueryError closed{.message = why, .ends_session = true, .given_up = given_up_};
    results.assign(statements.size(), failed(closed));
    co_return results;
  }
  const std::size_t wanted = statements.size();
  const milliseconds way = link().latency;
  const Instant sent = loop_.now();
  const milliseconds slowness = exchange_.world.node(node_).manners.slowness;
  Passed passed = co_await pass(way + slowness, deadline, true);
  const auto cuts_after = exchange_.world.node(node_).manners.cuts_after;
  for (std::size_t i = 0; i < wanted && passed == Passed::Yes; ++i) {
    if (cuts_after && i >= *cuts_after) {
      passed = Passed::Ended;
      break;
    }
    passed = co_await execute(statements[i], statement_timeout, deadline, results);
    if (i == 0 && !durations_.empty()) {
      durations_.front() = loop_.now() + way - sent;  // the first has the way in it
    }
  }
  if (passed == Passed::Yes) {
    passed = co_await pass(way, deadline, true);
    if (passed != Passed::Yes) {
      results.clear();  // on their way, and never came
    }
  }
  if (passed != Passed::Yes) {
    lose(passed, wanted, results);
  } else {
    exchange_.ledger.of(exporter_, node_).answered = loop_.now();
  }
  co_return results;
}

asio::awaitable<Wire::Passed> Wire::execute(
    const pg::Statement& statement,
    milliseconds statement_timeout,
    Instant deadline,
    std::vector<QueryResult>& results
) {
  seen_.insert(statement.id());
  Contact& contact = exchange_.ledger.of(exporter_, node_);
  contact.statements = std::max(contact.statements, seen_.size());
  const Instant began = loop_.now();
  const catalogue::Query* query = exchange_.recipes.find(statement);
  const Manners& manners = exchange_.world.node(node_).manners;
  const bool slow = query != nullptr && query->name == manners.slow_query;
  const milliseconds takes = slow ? manners.slow_query_for : milliseconds{0};
  Passed passed = Passed::Yes;
  if (takes.count() > 0) {
    const milliseconds least = std::min(takes, statement_timeout);
    passed = co_await pass(least, deadline, true);
  }
  if (passed != Passed::Yes) {
    co_return passed;
  }
  if (takes >= statement_timeout) {
    QueryError cancelled{
        .reason = pg::classify_sql_state("57014"),
        .sqlstate = "57014",
        .message = "canceling statement due to statement timeout"};
    results.push_back(failed(std::move(cancelled)));
  } else {
    results.emplace_back(answer(exchange_.world, node_, backend_, query, statement.text()));
  }
  durations_.emplace_back(loop_.now() - began + kStatement);
  co_return Passed::Yes;
}

void Wire::lose(Passed why, std::size_t wanted, std::vector<QueryResult>& results) {
  QueryError error{.message = "connection lost", .ends_session = true};
  if (why == Passed::Late) {
    error.reason = pg::FailureReason::Timeout;
    error.message = "no answer in time";
  } else if (why == Passed::GivenUp) {
    error.message = "given up: the session was closed";
    error.given_up = true;
  }
  if (!link().carries_answers()) {
    results.clear();  // they were given, and never came
  }
  if (why != Passed::GivenUp) {
    exchange_.ledger.of(exporter_, node_).failed = loop_.now();
    if (exchange_.film.keeps()) {
      exchange_.film.note(
          loop_.now(),
          "exporter " + std::to_string(exporter_),
          exchange_.world.node(node_).name + ": " + error.message
      );
    }
    drop();
  }
  while (results.size() < wanted) {
    results.push_back(failed(error));
  }
}

}  // namespace pgrepl::simulation
