// What the moving half asks of a server, as interfaces: the real ones speak libpq (LibpqNetwork),
// those of the simulated world belong to the tests. All of it belongs to the loop's thread.
#pragma once

#include "loop/clock.h"
#include "pg/conninfo.h"
#include "pg/server_version.h"
#include "pg/statement.h"
#include "session/limits.h"
#include "session/query_error.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::session {

using Deadline = loop::Instant;
using Addresses = Expected<std::vector<std::string>, std::string>;

struct SessionOptions {
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds statement_timeout;
  std::chrono::milliseconds lock_timeout;
};

// One connection to one server that is kept open and asked again and again.
class Session {
 public:
  Session() = default;
  virtual ~Session() = default;  // closes
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Opens the connection and pins what statements depend on (search_path, timeouts, read only);
  // takes no longer than connect_timeout. What was open is closed first. Behind a pooler nothing is
  // pinned: each run is a transaction then, which leaves nothing. After close() meanwhile the error
  // is `given_up`, and the session is closed.
  virtual asio::awaitable<Expected<void, ConnectError>> connect() = 0;

  // One result for each statement, in their order; a failing one costs only itself. What is not
  // answered by the deadline is a timeout, and the session is closed then, as after any error that
  // ends it. After close(), in mid-run or before it, what was not answered yet is `given_up`; a
  // session that never was open, or whose connection was lost, is "not connected".
  virtual asio::awaitable<std::vector<QueryResult>> run(
      std::vector<pg::Statement> statements, Deadline deadline
  ) = 0;

  // Ends what is under way.
  virtual void close() noexcept = 0;

  [[nodiscard]] virtual bool is_open() const = 0;

  // Of the connection that was opened last.
  [[nodiscard]] virtual pg::ServerVersion version() const = 0;

  // Whether the connection that was opened last leads through a pooler: it is shared with
  // applications, so that nothing of a session may be used (advisory locks above all).
  [[nodiscard]] virtual bool is_pooled() const { return false; }

  // What the host name last resolved to; empty for Unix sockets.
  [[nodiscard]] virtual const std::vector<std::string>& addresses() const = 0;

  // How long the server took for each statement of the last run, as far as it was answered: the
  // time from the answer before it, or from sending, to its own.
  [[nodiscard]] virtual const std::vector<std::chrono::duration<double>>& durations() const = 0;
};

// One connection that is spoken to in the simple protocol: nothing prepared and nothing set, so
// that it goes through any pooler, leaves nothing behind in it, and suits the console of PgBouncer,
// which refuses the extended protocol.
class SimpleSession {
 public:
  using Answer = Expected<pg::ResultSet, ConnectError>;

  SimpleSession() = default;
  virtual ~SimpleSession() = default;  // closes
  SimpleSession(const SimpleSession&) = delete;
  SimpleSession& operator=(const SimpleSession&) = delete;

  // Absent when it is open now.
  virtual asio::awaitable<std::optional<ConnectError>> open(
      pg::ConnInfo conninfo, Deadline deadline
  ) = 0;

  // The rows of one statement. A refused statement leaves the session open; whatever else fails
  // closes it, an answer that is late as well: it would be taken for that of the next statement.
  virtual asio::awaitable<Answer> ask(std::string sql, Deadline deadline) = 0;

  // Of the process that serves us, as whoever answered the login said; 0 when it said none. A
  // pooler says another one than pg_backend_pid().
  [[nodiscard]] virtual int backend_pid() const { return 0; }

  [[nodiscard]] virtual bool is_open() const = 0;

  virtual void close() noexcept = 0;
};

class Network {
 public:
  Network() = default;
  virtual ~Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // For sessions that are made from now on.
  virtual void set_limits(const Limits&) {}

  // Neither of them connects yet.
  [[nodiscard]] virtual std::unique_ptr<Session> make_session(
      pg::ConnInfo conninfo, SessionOptions options
  ) = 0;
  [[nodiscard]] virtual std::unique_ptr<SimpleSession> make_simple_session() = 0;

  // Every address of `host`, in the system's order of preference; an address is its own. The error
  // says what the resolver said, or that it said nothing by the deadline.
  virtual asio::awaitable<Addresses> resolve(std::string host, Deadline deadline) = 0;
};

}  // namespace pgrepl::session
