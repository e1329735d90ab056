#include "session/connection.h"

#include "loop/finish_by.h"
#include "session/classify.h"
#include "session/start_connection.h"

#include <cerrno>
#include <utility>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::session {

namespace {

// Why a server that somebody else named is not connected to.
ConnectError out_of_reach(const pg::ConnInfo& conninfo, const std::string& address) {
  return {
      .reason = pg::FailureReason::Other,
      .message = conninfo.endpoint.host + " is at " + address +
                 ", where no credentials are sent; list its network in allowed_networks",
      .sqlstate = ""};
}

void ignore_notice(void*, const PGresult*) {
}

bool resolves_itself(const pg::ConnInfo& conninfo) {
  const std::string& host = conninfo.endpoint.host;
  return host.empty() || host.starts_with('/') || host.starts_with('@') ||
         conninfo.parameter("hostaddr") || conninfo.parameter("service");
}

}  // namespace

void Connection::close() noexcept {
  release_socket();
  conn_.reset();
}

void Connection::watch_socket() {
  descriptor_.assign(PQsocket(conn_.get()));
}

// libpq closes and opens sockets as it likes; Asio must not keep one it does not own.
void Connection::release_socket() noexcept {
  if (descriptor_.is_open()) {
    descriptor_.release();
  }
}

asio::awaitable<bool> Connection::wait_for(WaitType direction) {
  const PGconn* const waiting = conn_.get();
  if (waiting == nullptr) {
    co_return false;
  }
  asio::error_code cancelled;
  co_await descriptor_.async_wait(direction, asio::redirect_error(asio::use_awaitable, cancelled));
  co_return !cancelled && conn_.get() == waiting;
}

asio::awaitable<bool> Connection::wait_readable() {
  return wait_for(asio::posix::stream_descriptor::wait_read);
}

asio::awaitable<bool> Connection::wait_readable_or_writable() {
  using namespace asio::experimental::awaitable_operators;
  auto readable = wait_for(asio::posix::stream_descriptor::wait_read);
  auto writable = wait_for(asio::posix::stream_descriptor::wait_write);
  const auto first = co_await (std::move(readable) || std::move(writable));
  co_return first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
}

asio::awaitable<bool> Connection::finish_by(asio::awaitable<void> work, loop::Instant deadline) {
  return loop::finish_by(alarm_, std::move(work), deadline);
}

asio::awaitable<std::optional<ConnectError>> Connection::resolve(
    const pg::ConnInfo& conninfo, loop::Instant deadline
) {
  addresses_.clear();
  if (resolves_itself(conninfo)) {
    const std::string_view given = conninfo.parameter("hostaddr").value_or(conninfo.endpoint.host);
    if (conninfo.reach && !conninfo.reach->admits(std::string{given})) {
      co_return out_of_reach(conninfo, std::string{given});
    }
    co_return std::nullopt;
  }
  std::string host = conninfo.endpoint.host;
  auto resolved = co_await resolver_.resolve(std::move(host), deadline);
  if (!resolved) {
    ConnectError error{
        .reason = pg::FailureReason::Dns,
        .message = "cannot resolve " + conninfo.endpoint.host + ": " + resolved.error(),
        .sqlstate = "",
    };
    co_return error;
  }
  addresses_ = conninfo.reach ? conninfo.reach->admitted(*resolved) : *resolved;
  if (addresses_.empty() && !resolved->empty()) {
    co_return out_of_reach(conninfo, resolved->front());
  }
  co_return std::nullopt;
}

asio::awaitable<void> Connection::establish(PostgresPollingStatusType& polling) {
  while (polling == PGRES_POLLING_WRITING || polling == PGRES_POLLING_READING) {
    watch_socket();
    const bool ready = co_await wait_for(
        polling == PGRES_POLLING_READING ? asio::posix::stream_descriptor::wait_read
                                         : asio::posix::stream_descriptor::wait_write
    );
    release_socket();
    if (!ready) {
      co_return;
    }
    errno = 0;
    polling = PQconnectPoll(conn_.get());
    poll_error_ = errno;
  }
}

asio::awaitable<std::optional<ConnectError>> Connection::open(
    pg::ConnInfo conninfo, loop::Instant deadline
) {
  auto failure = co_await log_in(conninfo, deadline);
  const bool is_refused = failure && failure->reason == pg::FailureReason::Auth;
  if (is_refused && resolver_.forget_password(conninfo)) {
    // A token that expired meanwhile: a new one, once.
    failure = co_await log_in(conninfo, deadline);
  }
  co_return failure;
}

asio::awaitable<std::optional<ConnectError>> Connection::log_in(
    const pg::ConnInfo& conninfo, loop::Instant deadline
) {
  close();
  auto failure = co_await resolve(conninfo, deadline);
  if (failure) {
    co_return failure;
  }
  const auto password = co_await resolver_.password(conninfo, deadline);
  if (!password) {
    co_return ConnectError{pg::FailureReason::Auth, password.error(), ""};
  }
  auto started = start_connection(conninfo, addresses_, *password);
  if (!started) {
    co_return std::move(started.error());
  }
  conn_ = std::move(*started);
  PQsetNoticeReceiver(conn_.get(), ignore_notice, nullptr);
  PQsetErrorVerbosity(conn_.get(), PQERRORS_VERBOSE);
  PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
  auto attempt = establish(polling);
  const bool in_time = co_await finish_by(std::move(attempt), deadline);
  if (!in_time) {
    failure = ConnectError{pg::FailureReason::Timeout, "no connection within connect_timeout", ""};
  } else if (!is_open()) {
    failure = ConnectError{pg::FailureReason::Other, "given up while it connected", ""};
  } else if (polling != PGRES_POLLING_OK) {
    failure = classify_connect_failure(PQerrorMessage(conn_.get()), poll_error_);
  }
  if (failure) {
    close();
    co_return failure;
  }
  PQsetErrorVerbosity(conn_.get(), PQERRORS_DEFAULT);
  watch_socket();
  co_return std::nullopt;
}

}  // namespace pgrepl::session
