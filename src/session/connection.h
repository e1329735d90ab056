// One PGconn under the event loop: open it, wait for its socket, close it. What is said over it is
// the business of the sessions.
#pragma once

#include "loop/alarm.h"
#include "pg/conninfo.h"
#include "session/libpq.h"
#include "session/query_error.h"
#include "session/resolver.h"

#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>

namespace pgrepl::session {

class Connection {
 public:
  // Does not connect. The destructor closes.
  Connection(loop::Loop loop, Resolver& resolver)
      : loop_(loop), resolver_(resolver), alarm_(loop), descriptor_(loop.io) {}

  ~Connection() { close(); }

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Resolves, connects and logs in, all by the deadline. Where the server refuses what a
  // password_command printed earlier, the command is asked once more. Absent when it is open now;
  // else it is closed, also when close() was called meanwhile.
  asio::awaitable<std::optional<ConnectError>> open(pg::ConnInfo conninfo, loop::Instant deadline);

  // Runs `work`, which waits for this connection; false when the deadline came first.
  asio::awaitable<bool> finish_by(asio::awaitable<void> work, loop::Instant deadline);

  // False when the connection was closed or the wait was cancelled. After true it is open still.
  asio::awaitable<bool> wait_readable();
  asio::awaitable<bool> wait_readable_or_writable();

  // Ends all waits.
  void close() noexcept;

  [[nodiscard]] bool is_open() const { return conn_ != nullptr; }

  // Null when it is closed.
  [[nodiscard]] PGconn* get() const { return conn_.get(); }

  // What the host name last resolved to; empty for Unix sockets.
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  using WaitType = asio::posix::stream_descriptor::wait_type;

  asio::awaitable<std::optional<ConnectError>> resolve(
      const pg::ConnInfo& conninfo, loop::Instant deadline
  );
  asio::awaitable<std::optional<ConnectError>> log_in(
      const pg::ConnInfo& conninfo, loop::Instant deadline
  );
  asio::awaitable<void> establish(PostgresPollingStatusType& polling);
  asio::awaitable<bool> wait_for(WaitType direction);
  void watch_socket();
  void release_socket() noexcept;

  loop::Loop loop_;
  Resolver& resolver_;
  loop::Alarm alarm_;
  asio::posix::stream_descriptor descriptor_;
  Conn conn_;
  int poll_error_ = 0;  // errno after the last PQconnectPoll
  std::vector<std::string> addresses_;
};

}  // namespace pgrepl::session
