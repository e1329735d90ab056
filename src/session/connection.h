// One PGconn under the event loop: open it, wait for its socket, close it. What is said over it is
// the business of the sessions.
#pragma once

#include "loop/alarm.h"
#include "pg/conninfo.h"
#include "session/libpq.h"
#include "session/limits.h"
#include "session/login_ration.h"
#include "session/query_error.h"
#include "session/resolver.h"
#include "session/socket_meter.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>

namespace pgrepl::session {

// "its answer is longer than 32 MiB (limits.answer_bytes)".
[[nodiscard]] std::string too_large(const Limits& limits);

class Connection {
 public:
  // Does not connect. The destructor closes.
  Connection(loop::Loop loop, Resolver& resolver, Limits limits = {}, LoginRation* ration = nullptr)
      : loop_(loop),
        resolver_(resolver),
        alarm_(loop),
        descriptor_(loop.io),
        limits_(limits),
        ration_(ration) {}

  ~Connection() { close(); }

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Resolves, waits until the address may be logged in to, connects and logs in, all by the
  // deadline. Where the server refuses what a password_command printed earlier, the command is
  // asked once more. Absent when it is open now; else it is closed; `given_up` when close() was
  // called meanwhile.
  asio::awaitable<std::optional<ConnectError>> open(pg::ConnInfo conninfo, loop::Instant deadline);

  // Runs `work`, which waits for this connection; false when the deadline came first.
  asio::awaitable<bool> finish_by(asio::awaitable<void> work, loop::Instant deadline);

  // False when the connection was closed or the wait was cancelled. After true it is open still.
  asio::awaitable<bool> wait_readable();
  asio::awaitable<bool> wait_readable_or_writable();

  enum class Input : std::uint8_t { Read, Lost, TooLarge };

  // Sends what was handed to libpq. False when the connection was closed meanwhile, or when
  // `input`, Read before, says why it cannot go on.
  asio::awaitable<bool> flush(Input& input);

  // Hands to libpq what has arrived, 64 KiB at most; the rest makes the socket readable again.
  // Notifications and notices are thrown away. TooLarge: is_too_large().
  [[nodiscard]] Input read();

  // The answer under way has brought more than the limit. There is no way but to close.
  [[nodiscard]] bool is_too_large() const;

  // What is read from now on is another answer.
  void begin_answer() { answer_began_ = meter_.total(); }

  [[nodiscard]] const Limits& limits() const { return limits_; }

  // Ends all waits, those for an address and a password too.
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
  // Starts the connection, with its password, once the address may be logged in to.
  asio::awaitable<std::optional<ConnectError>> start(
      const pg::ConnInfo& conninfo, loop::Instant deadline
  );
  asio::awaitable<std::optional<ConnectError>> wait_for_ration(
      pg::Endpoint address, loop::Instant deadline
  );
  template <class T>
  asio::awaitable<std::optional<T>> unless_closed(asio::awaitable<T> answer);
  asio::awaitable<void> establish(PostgresPollingStatusType& polling);
  asio::awaitable<bool> wait_for(WaitType direction);
  void watch_socket();
  [[nodiscard]] std::optional<ConnectError> why_not_open(PostgresPollingStatusType polling) const;
  void release_socket() noexcept;

  loop::Loop loop_;
  Resolver& resolver_;
  loop::Alarm alarm_;
  asio::posix::stream_descriptor descriptor_;
  Limits limits_;
  LoginRation* ration_;  // null: none
  SocketMeter meter_;
  std::uint64_t answer_began_ = 0;  // of the meter
  bool flooded_ = false;            // more than the limit came before it was open
  Conn conn_;
  int poll_error_ = 0;      // errno after the last PQconnectPoll
  bool is_asking_ = false;  // before there is a socket; the alarm belongs to that wait
  bool closed_ = false;     // by close(), since open() began
  std::vector<std::string> addresses_;
};

}  // namespace pgrepl::session
