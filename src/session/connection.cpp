#include "session/connection.h"

#include "loop/finish_by.h"
#include "session/classify.h"
#include "session/start_connection.h"
#include "support/utf8.h"

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

// With a handshake of TLS. What a server tells of itself before it is ready is a few hundred bytes.
// libpq looks through all parameters for each new one, so that many of them would take its time.
constexpr std::uint64_t kMostOfLogin = std::uint64_t{256} << 10U;

// What one step of the loop may read. It bounds the time of the step, and how far an answer can go
// beyond its limit.
constexpr std::size_t kMostOfStep = std::size_t{64} << 10U;

// LISTEN is nothing that we send; libpq would keep them for ever.
void drop_notifications(PGconn* conn) {
  while (PGnotify* notification = PQnotifies(conn)) {
    PQfreemem(notification);
  }
}

ConnectError given_up() {
  return {.message = "given up while it connected", .sqlstate = "", .given_up = true};
}

// Neither a path nor an address of its own needs a name server. What a service says of host and
// hostaddr stands in the conninfo already (conninfo_parser), so that libpq resolves nothing.
bool resolves_itself(const pg::ConnInfo& conninfo) {
  const std::string& host = conninfo.endpoint.host;
  return host.empty() || host.starts_with('/') || host.starts_with('@') ||
         conninfo.parameter("hostaddr");
}

ConnectError late() {
  return {pg::FailureReason::Timeout, "no connection within connect_timeout", ""};
}

}  // namespace

std::string too_large(const Limits& limits) {
  return "its answer is longer than " + std::to_string(limits.answer_bytes) +
         " bytes (limits.answer_bytes)";
}

void Connection::close() noexcept {
  closed_ = true;
  if (is_asking_) {
    alarm_.cancel();
  }
  release_socket();
  meter_.stop();
  conn_.reset();
}

void Connection::watch_socket() {
  const int socket = PQsocket(conn_.get());
  meter_.start(socket);
  descriptor_.assign(socket);
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

bool Connection::is_too_large() const {
  return meter_.total() - answer_began_ > limits_.answer_bytes;
}

Connection::Input Connection::read() {
  meter_.allow(kMostOfStep);
  const bool alive = PQconsumeInput(conn_.get()) == 1;
  if (is_too_large()) {
    return Input::TooLarge;
  }
  drop_notifications(conn_.get());
  return alive ? Input::Read : Input::Lost;
}

asio::awaitable<bool> Connection::flush(Input& input) {
  while (is_open()) {
    meter_.allow(kMostOfStep);  // libpq reads while it cannot send
    const int left = PQflush(conn_.get());
    if (left == 0) {
      co_return true;
    }
    if (left < 0) {
      input = Input::Lost;
      co_return false;
    }
    // The server may wait for us to read before it reads on.
    const bool ready = co_await wait_readable_or_writable();
    if (!ready) {
      co_return false;
    }
    input = read();
    if (input != Input::Read) {
      co_return false;
    }
  }
  co_return false;
}

asio::awaitable<bool> Connection::finish_by(asio::awaitable<void> work, loop::Instant deadline) {
  return loop::finish_by(alarm_, std::move(work), deadline);
}

// What the resolver answers; absent when close() was called meanwhile. The resolver keeps the
// deadline.
template <class T>
asio::awaitable<std::optional<T>> Connection::unless_closed(asio::awaitable<T> answer) {
  is_asking_ = true;
  auto brought = co_await loop::result_by(alarm_, std::move(answer), loop::Instant::max());
  is_asking_ = false;
  if (closed_) {
    brought.reset();
  }
  co_return brought;
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
  auto look_up = resolver_.resolve(std::move(host), deadline);
  const auto answer = co_await unless_closed(std::move(look_up));
  if (!answer) {
    co_return given_up();
  }
  const auto& resolved = *answer;
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

asio::awaitable<std::optional<ConnectError>> Connection::wait_for_ration(
    pg::Endpoint address, loop::Instant deadline
) {
  const loop::Instant now = loop_.now();
  const auto begins =
      ration_ == nullptr ? std::optional{now} : ration_->take(address, now, deadline);
  if (!begins) {
    ConnectError rationed{
        .message = "no login: this exporter logs in to one address 20 times a second at most",
        .sqlstate = ""};
    co_return rationed;
  }
  if (*begins > now) {
    is_asking_ = true;
    co_await alarm_.wait_until(*begins);
    is_asking_ = false;
  }
  if (closed_) {
    co_return given_up();
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
    meter_.allow(kMostOfStep);
    polling = PQconnectPoll(conn_.get());
    poll_error_ = errno;
    flooded_ = meter_.total() > kMostOfLogin;
    if (flooded_) {
      co_return;
    }
  }
}

std::optional<ConnectError> Connection::why_not_open(PostgresPollingStatusType polling) const {
  if (closed_) {
    return given_up();
  }
  if (flooded_) {
    return ConnectError{pg::FailureReason::TooLarge, "its login is longer than 256 KiB", ""};
  }
  if (polling == PGRES_POLLING_OK) {
    return std::nullopt;
  }
  ConnectError failure = classify_connect_failure(PQerrorMessage(conn_.get()), poll_error_);
  make_bounded_utf8(failure.message, limits_.text_bytes);
  return failure;
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

asio::awaitable<std::optional<ConnectError>> Connection::start(
    const pg::ConnInfo& conninfo, loop::Instant deadline
) {
  auto failure = co_await resolve(conninfo, deadline);
  if (failure) {
    co_return failure;
  }
  auto asked = resolver_.password(conninfo, deadline);
  const auto password = co_await unless_closed(std::move(asked));
  if (!password) {
    co_return given_up();
  }
  if (!*password) {
    co_return ConnectError{pg::FailureReason::Auth, password->error(), ""};
  }
  pg::Endpoint address = conninfo.endpoint;
  failure = co_await wait_for_ration(std::move(address), deadline);
  if (failure) {
    co_return failure;
  }
  auto started = start_connection(conninfo, addresses_, **password);
  if (!started) {
    co_return std::move(started.error());
  }
  conn_ = std::move(*started);
  co_return std::nullopt;
}

asio::awaitable<std::optional<ConnectError>> Connection::log_in(
    const pg::ConnInfo& conninfo, loop::Instant deadline
) {
  close();
  closed_ = false;
  auto failure = co_await start(conninfo, deadline);
  if (failure) {
    co_return failure;
  }
  flooded_ = false;
  PQsetNoticeReceiver(conn_.get(), ignore_notice, nullptr);
  PQsetErrorVerbosity(conn_.get(), PQERRORS_VERBOSE);
  PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
  auto attempt = establish(polling);
  const bool in_time = co_await finish_by(std::move(attempt), deadline);
  failure = in_time || closed_ ? why_not_open(polling) : late();
  if (failure) {
    close();
    co_return failure;
  }
  PQsetErrorVerbosity(conn_.get(), PQERRORS_DEFAULT);
  watch_socket();
  begin_answer();
  if (PQsetnonblocking(conn_.get(), 1) != 0) {
    ConnectError failed{.message = "libpq refuses not to block", .sqlstate = ""};
    close();
    co_return failed;
  }
  co_return std::nullopt;
}

}  // namespace pgrepl::session
