#include "session/plain_session.h"

#include "session/simple_protocol.h"

#include <utility>

namespace pgrepl::session {

namespace {

SimpleSession::Answer failed(pg::FailureReason reason, const char* message) {
  return Unexpected<ConnectError>{ConnectError{reason, message, ""}};
}

}  // namespace

int PlainSession::backend_pid() const {
  return is_open() ? PQbackendPID(connection_.get()) : 0;
}

asio::awaitable<SimpleSession::Answer> PlainSession::ask(std::string sql, Deadline deadline) {
  std::optional<Answer> answer;
  auto work = converse(connection_, sql, answer);
  const bool in_time = co_await connection_.finish_by(std::move(work), deadline);
  if (!answer || !in_time || !is_open() || PQstatus(connection_.get()) != CONNECTION_OK) {
    close();
  }
  if (!in_time) {
    co_return failed(pg::FailureReason::Timeout, "no answer in time");
  }
  if (!answer) {
    ConnectError closed{
        .message = "the connection was closed before the answer",
        .sqlstate = "",
        .given_up = true,
    };
    co_return Unexpected<ConnectError>{std::move(closed)};
  }
  co_return std::move(*answer);
}

}  // namespace pgrepl::session
