#include "sampling/polled_server.h"

#include "log/log.h"

#include <utility>

namespace pgrepl::sampling {

namespace {

using session::QueryError;

// Of the server's name and the time, so that exporters differ and a simulated world repeats itself.
std::minstd_rand seeded(const std::string& server, Instant now) {
  std::vector<std::uint32_t> seeds(server.begin(), server.end());
  const auto ticks = static_cast<std::uint64_t>(now.time_since_epoch().count());
  seeds.push_back(static_cast<std::uint32_t>(ticks));
  seeds.push_back(static_cast<std::uint32_t>(ticks >> 32U));
  std::seed_seq sequence(seeds.begin(), seeds.end());
  return std::minstd_rand{sequence};
}

}  // namespace

PolledServer::PolledServer(
    loop::Loop loop_of_all,
    loop::Supervisor& supervisor_of_all,
    session::Network& network,
    const std::optional<std::string>& cluster,
    config::Server configured,
    const config::Sampling& pace,
    SharedQueries queries
)
    : loop(loop_of_all),
      supervisor(supervisor_of_all),
      server(std::move(configured)),
      sampling(pace),
      state(pace.tick),
      place(cluster, pace.observers, pace.tick),
      place_known(loop),
      collection(std::move(queries), pace.tick),
      network_(network),
      random_(seeded(server.name, loop.now())) {
}

std::unique_ptr<ServerSession> PolledServer::make_session(const std::string& database) const {
  const session::SessionOptions options{
      .connect_timeout = sampling.connect_timeout,
      .statement_timeout = sampling.statement_timeout,
      .lock_timeout = sampling.lock_timeout,
  };
  pg::ConnInfo conninfo = server.conninfo;
  if (!database.empty()) {
    conninfo.set_parameter("dbname", database);
  }
  auto session = network_.make_session(std::move(conninfo), options);
  return std::make_unique<ServerSession>(std::move(session), server.conninfo);
}

asio::awaitable<std::optional<QueryError>> PolledServer::connect(session::Session& session) {
  const auto connected = co_await session.connect();
  if (!connected) {
    QueryError refused{
        .reason = connected.error().reason,
        .sqlstate = connected.error().sqlstate,
        .message = connected.error().message,
        .ends_session = true,
        .given_up = connected.error().given_up,
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

}  // namespace pgrepl::sampling
