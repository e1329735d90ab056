// The part of a poller that asks queries in several databases of its server.
#include "log/log.h"
#include "sampling/poller.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pgrepl::sampling {

namespace {

// What a session may connect to; templates hold nobody's data.
constexpr std::string_view kDatabases =
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

std::vector<catalogue::DueQuery> Poller::due_walks(Instant at) const {
  return catalogue::select_due(
      queries_->catalogue,
      profile(),
      queries_->switches,
      last_runs_,
      at,
      catalogue::Reach::Databases
  );
}

bool Poller::has_walk() {
  if (stopped_ || walking_ || round_running_ || !round_session_->is_open()) {
    return false;
  }
  return !walk_.left.empty() || !due_walks(now()).empty();
}

asio::awaitable<void> Poller::walk() {
  if (!has_walk()) {
    co_return;
  }
  walking_ = true;
  if (walk_.left.empty()) {
    co_await begin_walk();
  }
  // The databases are asked over the connection that this one leaves free: two are the most that a
  // server has from us.
  round_session_->close();
  while (!stopped_ && !round_waits_ && !walk_.left.empty()) {
    const std::string database = std::move(walk_.left.front());
    walk_.left.pop_front();
    co_await ask_database(database);
  }
  walk_session_.reset();
  if (walk_.left.empty()) {
    end_walk();
  }
  walking_ = false;
  change_queries();
  walk_pause_.cancel();
}

asio::awaitable<void> Poller::begin_walk() {
  walk_ = {.began = now()};
  std::vector<pg::Statement> statements{std::string{kDatabases}};
  auto results = co_await round_session_->run(std::move(statements), now() + sampling_.timeout);
  if (!results.front()) {
    counters_.errors[results.front().error().reason] += 1;
    co_return;
  }
  walk_.queries = due_walks(walk_.began);
  Route route =
      plan_route(first_column(*results.front()), walk_.queries, queries_->switches.databases);
  walk_.left = std::move(route.databases);
  counters_.databases_left_out = route.left_out;
}

// A connection that was ended under its queries says nothing against them: they have one more.
asio::awaitable<void> Poller::ask_database(std::string database) {
  std::vector<catalogue::DueQuery> due;
  for (const catalogue::DueQuery& query : walk_.queries) {
    if (catalogue::runs_in(*query.query, queries_->switches.databases, database)) {
      due.push_back(query);
    }
  }
  auto lost = co_await try_database(database, std::move(due));
  if (!lost.empty() && !stopped_) {
    counters_.errors[lost.front().error.reason] += 1;
    std::vector<catalogue::DueQuery> again;
    std::ranges::transform(lost, std::back_inserter(again), &LostQuery::query);
    lost = co_await try_database(database, std::move(again));
  }
  for (const LostQuery& query : lost) {
    note_walk_error(database, *query.query.query, query.error);
  }
}

asio::awaitable<std::vector<Poller::LostQuery>> Poller::try_database(
    std::string database, std::vector<catalogue::DueQuery> due
) {
  pg::ConnInfo conninfo = server_.conninfo;
  conninfo.set_parameter("dbname", database);
  walk_session_ = network_.make_session(std::move(conninfo), session_options());
  const auto failure = co_await connect(*walk_session_);
  std::vector<LostQuery> lost;
  if (!failure) {
    lost = co_await ask_in_database(database, std::move(due));
    walk_session_->close();
    co_return lost;
  }
  for (const catalogue::DueQuery& query : due) {
    note_walk_error(
        database, *query.query, {.reason = failure->reason, .message = failure->message}
    );
  }
  co_return lost;
}

asio::awaitable<std::vector<Poller::LostQuery>> Poller::ask_in_database(
    std::string database, std::vector<catalogue::DueQuery> due
) {
  const Instant deadline = now() + sampling_.timeout;
  // An answer holds for its database alone.
  PredicateAnswers answers;
  co_await ask_predicates(*walk_session_, answers, due, deadline);
  PredicateAnswers::Sorted sorted = answers.sort(due);
  for (PredicateAnswers::Refused& refused : sorted.failed) {
    note_walk_error(database, *refused.query, {.message = std::move(refused.error)});
  }
  due = std::move(sorted.run);
  catalogue::Batch batch = catalogue::make_batch("SELECT 1", due, sampling_.statement_timeout);
  std::vector<pg::Statement> statements = std::move(batch.statements);
  auto results = co_await walk_session_->run(std::move(statements), deadline);
  std::vector<LostQuery> lost;
  for (std::size_t i = 0; i < due.size(); ++i) {
    session::QueryResult& result = results[batch.places[i]];
    if (session::lost_connection(result)) {
      lost.push_back({due[i], std::move(result.error())});
    } else {
      take_walk_result(database, *due[i].query, result);
    }
  }
  co_return lost;
}

void Poller::take_walk_result(
    const std::string& database, const catalogue::Query& query, const session::QueryResult& result
) {
  if (!result) {
    note_walk_error(database, query, result.error());
  } else if (!walk_.rows[query.name].add(database, *result)) {
    note_walk_error(database, query, {.message = "has other columns than the databases before it"});
  }
}

void Poller::note_walk_error(
    const std::string& database, const catalogue::Query& query, const session::QueryError& error
) {
  counters_.errors[error.reason] += 1;
  walk_.errors[query.name] = database + ": " + error.message;
}

// A database that failed costs its own rows; the query counts as failed when all did.
void Poller::end_walk() {
  for (const catalogue::DueQuery& query : std::exchange(walk_.queries, {})) {
    const std::string& name = query.query->name;
    const auto error = walk_.errors.find(name);
    Collected& kept = collected_[name];
    const bool was_logged = kept.logged;
    kept = Collected{.query = query.query, .rows = walk_.rows[name].merged()};
    last_runs_[name] = walk_.began;
    if (error == walk_.errors.end()) {
      kept.rows = kept.rows ? std::move(kept.rows) : pg::ResultSet{{}};
      continue;
    }
    kept.error = error->second;
    kept.logged = true;
    if (!was_logged) {
      log::write(
          log::Level::Warning,
          "sampling",
          "query failed",
          {{"server", server_.name}, {"query", name}, {"reason", kept.error}}
      );
    }
  }
}

}  // namespace pgrepl::sampling
