#include "session/ask_once.h"

#include "session/classify.h"
#include "session/libpq.h"
#include "session/results.h"
#include "session/start_connection.h"

#include <optional>
#include <utility>
#include <vector>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::session {

namespace {

using WaitType = asio::posix::stream_descriptor::wait_type;
using Answer = Expected<pg::ResultSet, ConnectError>;

void ignore_notice(void*, const PGresult*) {
}

// libpq owns the socket and may replace it; Asio borrows it for one wait.
asio::awaitable<void> wait_for(asio::io_context& io, PGconn* conn, WaitType direction) {
  asio::posix::stream_descriptor descriptor{io, PQsocket(conn)};

  // Also when the wait is cancelled by an exception.
  struct Release {
    asio::posix::stream_descriptor& borrowed;

    ~Release() { borrowed.release(); }
  } release{descriptor};

  asio::error_code ignored;
  co_await descriptor.async_wait(direction, asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<PostgresPollingStatusType> establish(asio::io_context& io, PGconn* conn) {
  auto polling = PGRES_POLLING_WRITING;
  while (polling == PGRES_POLLING_WRITING || polling == PGRES_POLLING_READING) {
    co_await wait_for(
        io,
        conn,
        polling == PGRES_POLLING_READING ? asio::posix::stream_descriptor::wait_read
                                         : asio::posix::stream_descriptor::wait_write
    );
    polling = PQconnectPoll(conn);
  }
  co_return polling;
}

ConnectError failure_of(PGconn* conn) {
  return classify_connect_failure(PQerrorMessage(conn));
}

// The first result of the statement that was sent; what follows is read to its end.
asio::awaitable<Answer> receive(asio::io_context& io, PGconn* conn) {
  Answer answer = Unexpected<ConnectError>{ConnectError{.message = "no rows", .sqlstate = ""}};
  while (true) {
    while (PQisBusy(conn) == 1) {
      co_await wait_for(io, conn, asio::posix::stream_descriptor::wait_read);
      if (PQconsumeInput(conn) != 1) {
        co_return Unexpected<ConnectError>{failure_of(conn)};
      }
    }
    const Result result{PQgetResult(conn)};
    if (result == nullptr) {
      co_return answer;
    }
    if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) {
      answer = to_result_set(result.get());
    } else {
      QueryError refused = to_query_error(result.get());
      answer = Unexpected<ConnectError>{
          ConnectError{refused.reason, std::move(refused.message), std::move(refused.sqlstate)}};
    }
  }
}

asio::awaitable<void> converse(
    asio::io_context& io, PGconn* conn, const std::string& sql, std::optional<Answer>& answer
) {
  const auto polling = co_await establish(io, conn);
  if (polling != PGRES_POLLING_OK) {
    answer = Unexpected<ConnectError>{failure_of(conn)};
    co_return;
  }
  PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
  if (PQsendQuery(conn, sql.c_str()) != 1) {
    answer = Unexpected<ConnectError>{failure_of(conn)};
    co_return;
  }
  answer = co_await receive(io, conn);
}

bool resolves_itself(const pg::ConnInfo& conninfo) {
  const std::string& host = conninfo.endpoint.host;
  return host.empty() || host.starts_with('/') || host.starts_with('@') ||
         conninfo.parameter("hostaddr") || conninfo.parameter("service");
}

// Empty when libpq is to find the address itself.
asio::awaitable<Expected<std::vector<std::string>, ConnectError>> resolve(
    Resolver& resolver, const pg::ConnInfo& conninfo, std::chrono::steady_clock::time_point deadline
) {
  if (resolves_itself(conninfo)) {
    co_return std::vector<std::string>();
  }
  std::string host = conninfo.endpoint.host;
  auto resolved = co_await resolver.resolve(std::move(host), deadline);
  if (!resolved) {
    co_return Unexpected<ConnectError>{
        ConnectError{pg::FailureReason::Dns, "cannot resolve the host: " + resolved.error(), ""}};
  }
  co_return std::move(*resolved);
}

asio::awaitable<void> converse_until(
    asio::io_context& io,
    PGconn* conn,
    const std::string& sql,
    std::optional<Answer>& answer,
    std::chrono::steady_clock::time_point deadline
) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer{io, deadline};
  auto time_is_up = timer.async_wait(asio::use_awaitable);
  auto work = converse(io, conn, sql, answer);
  co_await (std::move(work) || std::move(time_is_up));
}

}  // namespace

asio::awaitable<Expected<pg::ResultSet, ConnectError>> ask_once(
    asio::io_context& io,
    Resolver& resolver,
    pg::ConnInfo conninfo,
    std::string sql,
    std::chrono::steady_clock::time_point deadline
) {
  auto addresses = co_await resolve(resolver, conninfo, deadline);
  if (!addresses) {
    co_return Unexpected<ConnectError>{std::move(addresses.error())};
  }
  auto started = start_connection(conninfo, *addresses);
  if (!started) {
    co_return Unexpected<ConnectError>{std::move(started.error())};
  }
  PGconn* conn = started->get();
  PQsetNoticeReceiver(conn, ignore_notice, nullptr);
  PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
  std::optional<Answer> answer;
  co_await converse_until(io, conn, sql, answer, deadline);
  if (!answer) {
    co_return Unexpected<ConnectError>{
        ConnectError{pg::FailureReason::Timeout, "no answer in time", ""}};
  }
  co_return std::move(*answer);
}

}  // namespace pgrepl::session
