#include "session/simple_protocol.h"

#include "session/classify.h"
#include "session/results.h"
#include "support/utf8.h"

#include <utility>

namespace pgrepl::session {

namespace {

using Answer = SimpleSession::Answer;

Answer failure_of(PGconn* conn) {
  return Unexpected<ConnectError>{classify_connect_failure(PQerrorMessage(conn))};
}

Answer failed(std::string message) {
  return Unexpected<ConnectError>{ConnectError{pg::FailureReason::Other, std::move(message), ""}};
}

Answer to_answer(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
      return to_result_set(result);
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      return pg::ResultSet{{}};
    default:
      break;
  }
  QueryError refused = to_query_error(result);
  return Unexpected<ConnectError>{
      ConnectError{refused.reason, std::move(refused.message), std::move(refused.sqlstate)}};
}

Answer over_the_limit(const Limits& limits) {
  return Unexpected<ConnectError>{ConnectError{pg::FailureReason::TooLarge, too_large(limits), ""}};
}

void note_end(Connection& connection, Connection::Input input, std::optional<Answer>& answer) {
  if (input == Connection::Input::TooLarge) {
    answer = over_the_limit(connection.limits());
    connection.close();
  } else if (input == Connection::Input::Lost) {
    answer = failure_of(connection.get());
  }
}

// Waits until a result is there. False when there will be none; why stands in `answer`, unless the
// connection was closed.
asio::awaitable<bool> wait_for_result(Connection& connection, std::optional<Answer>& answer) {
  while (PQisBusy(connection.get()) == 1) {
    const bool ready = co_await connection.wait_readable();
    if (!ready) {
      co_return false;
    }
    const Connection::Input input = connection.read();
    if (input != Connection::Input::Read) {
      note_end(connection, input, answer);
      co_return false;
    }
  }
  co_return true;
}

}  // namespace

asio::awaitable<void> converse(
    Connection& connection, const std::string& sql, std::optional<Answer>& answer
) {
  if (!connection.is_open()) {
    answer = failed("not connected");
    co_return;
  }
  connection.begin_answer();
  if (PQsendQuery(connection.get(), sql.c_str()) != 1) {
    answer = failure_of(connection.get());
    co_return;
  }
  auto input = Connection::Input::Read;
  const bool sent = co_await connection.flush(input);
  if (!sent) {
    note_end(connection, input, answer);
    co_return;
  }
  std::optional<Answer> last;
  while (true) {
    const bool there = co_await wait_for_result(connection, answer);
    if (!there) {
      co_return;
    }
    const Result result{PQgetResult(connection.get())};
    if (result == nullptr) {
      answer = last.value_or(failed("no answer"));
      co_return;
    }
    if (auto unusable = unusable_result(result.get())) {
      answer = failed(std::move(*unusable));
      connection.close();
      co_return;
    }
    last = to_answer(result.get());
    if (!*last) {
      make_bounded_utf8(last->error().message, connection.limits().text_bytes);
    }
  }
}

}  // namespace pgrepl::session
