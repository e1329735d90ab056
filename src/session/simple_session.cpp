#include "session/simple_session.h"

#include "session/classify.h"
#include "session/results.h"
#include "session/start_connection.h"

#include <cerrno>
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

ConnectError failure_of(PGconn* conn) {
  const int system_error = errno;  // of the PQconnectPoll just before
  return classify_connect_failure(PQerrorMessage(conn), system_error);
}

ConnectError lateness() {
  return {pg::FailureReason::Timeout, "no answer in time", ""};
}

bool resolves_itself(const pg::ConnInfo& conninfo) {
  const std::string& host = conninfo.endpoint.host;
  return host.empty() || host.starts_with('/') || host.starts_with('@') ||
         conninfo.parameter("hostaddr") || conninfo.parameter("service");
}

// Empty when libpq is to find the address itself.
asio::awaitable<Expected<std::vector<std::string>, ConnectError>> resolve(
    Resolver& resolver, const pg::ConnInfo& conninfo, SimpleSession::Deadline deadline
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

}  // namespace

asio::awaitable<std::optional<ConnectError>> SimpleSession::open(
    pg::ConnInfo conninfo, Deadline deadline
) {
  using namespace asio::experimental::awaitable_operators;
  close();
  auto addresses = co_await resolve(resolver_, conninfo, deadline);
  if (!addresses) {
    co_return std::move(addresses.error());
  }
  auto started = start_connection(conninfo, *addresses);
  if (!started) {
    co_return std::move(started.error());
  }
  conn_ = std::move(*started);
  PQsetNoticeReceiver(conn_.get(), ignore_notice, nullptr);
  PQsetErrorVerbosity(conn_.get(), PQERRORS_VERBOSE);
  std::optional<ConnectError> problem = lateness();
  asio::steady_timer timer{io_, deadline};
  auto time_is_up = timer.async_wait(asio::use_awaitable);
  auto work = establish(problem);
  co_await (std::move(work) || std::move(time_is_up));
  if (problem) {
    close();
  }
  co_return problem;
}

asio::awaitable<void> SimpleSession::establish(std::optional<ConnectError>& problem) {
  auto polling = PGRES_POLLING_WRITING;
  while (polling == PGRES_POLLING_WRITING || polling == PGRES_POLLING_READING) {
    co_await wait_for(
        io_,
        conn_.get(),
        polling == PGRES_POLLING_READING ? asio::posix::stream_descriptor::wait_read
                                         : asio::posix::stream_descriptor::wait_write
    );
    errno = 0;
    polling = PQconnectPoll(conn_.get());
  }
  problem.reset();
  if (polling != PGRES_POLLING_OK) {
    problem = failure_of(conn_.get());
    co_return;
  }
  PQsetErrorVerbosity(conn_.get(), PQERRORS_DEFAULT);
}

asio::awaitable<SimpleSession::Answer> SimpleSession::ask(std::string sql, Deadline deadline) {
  using namespace asio::experimental::awaitable_operators;
  std::optional<Answer> answer;
  asio::steady_timer timer{io_, deadline};
  auto time_is_up = timer.async_wait(asio::use_awaitable);
  auto work = converse(sql, answer);
  co_await (std::move(work) || std::move(time_is_up));
  if (!answer || PQstatus(conn_.get()) != CONNECTION_OK) {
    close();
  }
  if (!answer) {
    co_return Unexpected<ConnectError>{lateness()};
  }
  co_return std::move(*answer);
}

asio::awaitable<void> SimpleSession::converse(
    const std::string& sql, std::optional<Answer>& answer
) {
  if (PQsendQuery(conn_.get(), sql.c_str()) != 1) {
    answer = Unexpected<ConnectError>{failure_of(conn_.get())};
    co_return;
  }
  answer = co_await receive();
}

// The last result of the statement that was sent; all of them are read to their end.
asio::awaitable<SimpleSession::Answer> SimpleSession::receive() {
  PGconn* conn = conn_.get();
  Answer answer = Unexpected<ConnectError>{ConnectError{.message = "no rows", .sqlstate = ""}};
  while (true) {
    while (PQisBusy(conn) == 1) {
      co_await wait_for(io_, conn, asio::posix::stream_descriptor::wait_read);
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

}  // namespace pgrepl::session
