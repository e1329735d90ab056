#include "sampling/database_walker.h"

#include "sampling/ask_predicates.h"

#include <utility>
#include <vector>

namespace pgrepl::sampling {

namespace {

using session::QueryError;
using session::QueryResult;

// What a session may connect to; templates hold nobody's data.
constexpr const char* kDatabases =
    "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate "
    "AND pg_catalog.has_database_privilege(oid, 'CONNECT') ORDER BY datname";

std::vector<std::string> first_column(const pg::ResultSet& rows) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    texts.emplace_back(rows.at(i, 0).value_or(""));
  }
  return texts;
}

}  // namespace

bool DatabaseWalker::has_something_to_ask(pg::ServerVersion version) const {
  return walk_.is_under_way() || !polled_.collection.due_walks(version, polled_.now()).empty();
}

asio::awaitable<void> DatabaseWalker::walk(session::Session& idle, const RoundGate& gate) {
  if (!walk_.is_under_way()) {
    co_await begin(idle);
  }
  // The databases are asked over the connection that this one leaves free: two are the most that a
  // server has from us. Without databases it stays.
  if (walk_.has_more()) {
    idle.close();
  }
  while (walk_.is_under_way() && !polled_.stopped) {
    if (polled_.collection.is_of_another_time(walk_.began())) {
      walk_.abandon();
    } else if (!walk_.has_more()) {
      polled_.collection.take_walk(walk_.finish());
    } else if (gate.is_running()) {
      co_return;
    } else {
      auto turn = walk_.begin_turn();
      co_await ask(std::move(turn));
    }
  }
}

asio::awaitable<void> DatabaseWalker::begin(session::Session& idle) {
  const Instant now = polled_.now();
  auto queries = polled_.collection.due_walks(idle.version(), now);
  std::vector<pg::Statement> statements{kDatabases};
  const Instant deadline = now + polled_.sampling.timeout;
  const auto results = co_await idle.run(std::move(statements), deadline);
  const QueryResult& names = results.front();
  if (!names) {
    if (!session::was_given_up(names)) {
      polled_.collection.errors()[names.error().reason] += 1;
    }
    co_return;
  }
  const catalogue::Databases& databases = polled_.collection.queries().switches.databases;
  Route route = plan_route(first_column(*names), queries, databases);
  left_out_ = route.left_out;
  walk_.begin(now, std::move(queries), std::move(route.databases), databases);
}

asio::awaitable<void> DatabaseWalker::ask(DatabaseWalk::Turn turn) {
  session_ = polled_.make_session(turn.database);
  const auto refused = co_await polled_.connect(*session_);
  if (refused) {
    walk_.take_refusal(*refused);
  } else {
    co_await ask_over(*session_, turn);
  }
  session_.reset();
}

asio::awaitable<void> DatabaseWalker::ask_over(
    session::Session& session, const DatabaseWalk::Turn& turn
) {
  const Instant deadline = polled_.now() + polled_.sampling.timeout;
  PredicateAnswers answers;  // an answer holds for its database alone
  const auto lost = co_await ask_predicates(polled_, session, answers, turn.queries, deadline);
  if (lost) {
    for (const catalogue::DueQuery& query : turn.queries) {
      walk_.take(query, Unexpected<QueryError>{*lost});
    }
    co_return;
  }
  PredicateAnswers::Sorted sorted = answers.sort(turn.queries);
  for (const PredicateAnswers::Refused& refused : sorted.failed) {
    QueryError error{.message = refused.error};
    walk_.take({refused.query, nullptr}, Unexpected<QueryError>{std::move(error)});
  }
  const catalogue::Batch batch =
      catalogue::make_batch("SELECT 1", sorted.run, polled_.sampling.statement_timeout);
  std::vector<pg::Statement> statements = batch.statements;
  auto results = co_await session.run(std::move(statements), deadline);
  for (std::size_t i = 0; i < sorted.run.size(); ++i) {
    walk_.take(sorted.run[i], std::move(results[batch.places[i]]));
  }
}

void DatabaseWalker::close() {
  if (session_) {
    session_->close();
  }
}

}  // namespace pgrepl::sampling
