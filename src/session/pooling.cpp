#include "session/pooling.h"

#include "session/simple_protocol.h"

#include <optional>
#include <string>
#include <utility>

namespace pgrepl::session {

namespace {

using Answer = SimpleSession::Answer;

ConnectError no_transactions(const ConnectError& said) {
  return {
      .reason = pg::FailureReason::Pooler,
      .message =
          "a pooler in statement mode allows no transactions; set pool_mode = transaction "
          "or session for this database, or name the server's own address (it said: " +
          said.message + ")",
      .sqlstate = said.sqlstate,
  };
}

ConnectError gone() {
  return {.message = "given up while it connected", .sqlstate = "", .given_up = true};
}

bool tells_our_process(PGconn* conn, const pg::ResultSet& rows) {
  const bool one = rows.rows() == 1 && rows.width() == 1;
  return one && rows.at(0, std::size_t{0}) == std::to_string(PQbackendPID(conn));
}

// protocol_violation is PgBouncer's word; feature_not_supported and internal errors are others'.
bool refuses_transactions(const ConnectError& error) {
  return error.sqlstate == "08P01" || error.sqlstate == "0A000" ||
         error.message.find("statement pooling") != std::string::npos;
}

}  // namespace

asio::awaitable<Expected<bool, ConnectError>> leads_through_pooler(Connection& connection) {
  std::optional<Answer> answer;
  const std::string who = "SELECT pg_catalog.pg_backend_pid()";
  co_await converse(connection, who, answer);
  if (!answer || !connection.is_open()) {
    co_return Unexpected<ConnectError>{answer && !*answer ? answer->error() : gone()};
  }
  if (!*answer && PQstatus(connection.get()) != CONNECTION_OK) {
    co_return Unexpected<ConnectError>{std::move(answer->error())};
  }
  // Who may not ask is better treated as one who shares the connection.
  if (*answer && tells_our_process(connection.get(), **answer)) {
    co_return false;
  }
  const std::string begin = "BEGIN READ ONLY";
  answer.reset();
  co_await converse(connection, begin, answer);
  if (!answer) {
    co_return Unexpected<ConnectError>{gone()};
  }
  if (!*answer) {
    const ConnectError& said = answer->error();
    co_return Unexpected<ConnectError>{refuses_transactions(said) ? no_transactions(said) : said};
  }
  const std::string commit = "COMMIT";
  answer.reset();
  co_await converse(connection, commit, answer);
  if (!answer || !*answer) {
    co_return Unexpected<ConnectError>{answer ? answer->error() : gone()};
  }
  co_return true;
}

}  // namespace pgrepl::session
