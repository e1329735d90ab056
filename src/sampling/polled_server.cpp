#include "sampling/polled_server.h"

#include "log/log.h"

#include <utility>

namespace pgrepl::sampling {

namespace {

using session::QueryError;
using session::QueryResult;

// Of the server's name and the time, so that exporters differ and a simulated world repeats itself.
std::minstd_rand seeded(const std::string& server, Instant now) {
  std::vector<std::uint32_t> seeds(server.begin(), server.end());
  const auto ticks = static_cast<std::uint64_t>(now.time_since_epoch().count());
  seeds.push_back(static_cast<std::uint32_t>(ticks));
  seeds.push_back(static_cast<std::uint32_t>(ticks >> 32U));
  std::seed_seq sequence(seeds.begin(), seeds.end());
  return std::minstd_rand{sequence};
}

QueryError given_up() {
  return {.message = "given up: the session was closed", .ends_session = true, .given_up = true};
}

}  // namespace

PolledServer::PolledServer(
    loop::Loop loop_of_all,
    session::Network& network,
    const std::optional<std::string>& cluster,
    config::Server configured,
    const config::Sampling& pace,
    SharedQueries queries
)
    : loop(loop_of_all),
      server(std::move(configured)),
      sampling(pace),
      state(pace.tick),
      place(cluster, pace.observers, pace.tick),
      place_known(loop),
      collection(std::move(queries), pace.tick),
      credentials(server.conninfo),
      network_(network),
      random_(seeded(server.name, loop.now())) {
}

std::unique_ptr<session::Session> PolledServer::make_session(const std::string& database) const {
  const session::SessionOptions options{
      .connect_timeout = sampling.connect_timeout,
      .statement_timeout = sampling.statement_timeout,
      .lock_timeout = sampling.lock_timeout,
  };
  pg::ConnInfo conninfo = server.conninfo;
  if (!database.empty()) {
    conninfo.set_parameter("dbname", database);
  }
  return network_.make_session(std::move(conninfo), options);
}

asio::awaitable<std::optional<QueryError>> PolledServer::connect(session::Session& session) {
  credentials.note();
  const std::uint64_t closings = closings_;
  const auto connected = co_await session.connect();
  if (closings != closings_) {
    session.close();
    co_return given_up();
  }
  if (!connected) {
    QueryError refused{
        .reason = connected.error().reason,
        .sqlstate = connected.error().sqlstate,
        .message = connected.error().message,
        .ends_session = true,
    };
    co_return refused;
  }
  connections_opened += 1;
  const auto statement = tick_statement(session);
  if (!statement) {
    session.close();
    co_return statement.error();
  }
  collection.allow_round();
  co_return std::nullopt;
}

asio::awaitable<std::vector<QueryResult>> PolledServer::run(
    session::Session& session, std::vector<pg::Statement> statements, Instant deadline
) {
  if (!session.is_open()) {
    const QueryResult none = Unexpected<QueryError>{given_up()};
    std::vector<QueryResult> results(statements.size(), none);
    co_return results;
  }
  auto results = co_await session.run(std::move(statements), deadline);
  co_return results;
}

Expected<pg::Statement, QueryError> PolledServer::tick_statement(const session::Session& session) {
  if (const pg::Statement* sql = refusals.reduce(collection.tick_sql(session.version()))) {
    pg::Statement statement = *sql;
    statement.send_briefly();
    return statement;
  }
  const auto why = pg::why_unsupported(session.version());
  return Unexpected<QueryError>{QueryError{
      .reason = pg::FailureReason::Unsupported,
      .message =
          why ? *why : "no query reads the position of PostgreSQL " + to_string(session.version()),
      .ends_session = true,
  }};
}

void PolledServer::note_failure(cluster::Failure failure) {
  collection.errors()[failure.reason] += 1;
  failure.at = now();
  state.failed(std::move(failure), now(), fraction());
  collection.forget(now());
}

void PolledServer::log_new_failures() {
  for (const NewFailure& failure : collection.take_news()) {
    log::write(
        log::Level::Warning,
        "sampling",
        "query failed",
        {{"server", server.name}, {"query", failure.query}, {"reason", failure.reason}}
    );
  }
}

void PolledServer::note_ending(const char* task, const std::exception_ptr& problem) {
  if (!problem) {
    return;
  }
  task_failures += 1;
  task_failed(task);
  log::write(
      log::Level::Error,
      "sampling",
      "a task ended unexpectedly; the next one begins anew",
      {{"server", server.name}, {"task", task}}
  );
}

}  // namespace pgrepl::sampling
