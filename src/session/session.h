// One libpq connection under the event loop: connect, run a pipeline of statements, close.
// Belongs to the loop's thread. What the statements mean is not its business.
#pragma once

#include "pg/conninfo.h"
#include "pg/server_version.h"
#include "pg/statement.h"
#include "session/libpq.h"
#include "session/query_error.h"
#include "session/resolver.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

namespace pgrepl::session {

using Deadline = std::chrono::steady_clock::time_point;

struct SessionOptions {
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds statement_timeout;
  std::chrono::milliseconds lock_timeout;
};

class Session {
 public:
  // Does not connect. The destructor closes.
  Session(asio::io_context& io, pg::ConnInfo conninfo, SessionOptions options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Opens the connection and pins what statements depend on (search_path, timeouts, read only);
  // takes no longer than connect_timeout. What was open is closed first.
  asio::awaitable<Expected<void, ConnectError>> connect();

  // Runs the statements in one pipeline with one sync each, so that a failing one costs only
  // itself; each is prepared when it is first seen. One result each, in their order. What is not
  // answered by the deadline is a timeout, and the session is closed then, as after any error that
  // ends it.
  asio::awaitable<std::vector<QueryResult>> run(
      std::vector<pg::Statement> statements, Deadline deadline
  );

  // How long the server took for each statement of the last run, as far as it was answered: the
  // time from the answer before it, or from sending, to its own.
  [[nodiscard]] const std::vector<std::chrono::duration<double>>& durations() const {
    return durations_;
  }

  [[nodiscard]] bool is_open() const { return conn_ != nullptr; }

  void close() noexcept;

  // Of the open connection.
  [[nodiscard]] pg::ServerVersion version() const { return version_; }

  // What the host name last resolved to; empty for Unix sockets.
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  // Each returns when it is done or cancelled; what it achieved is in the members.
  asio::awaitable<void> establish();
  asio::awaitable<void> exchange();
  asio::awaitable<void> flush();

  asio::awaitable<bool> finish_by(asio::awaitable<void> work, Deadline deadline);
  asio::awaitable<bool> wait_for(asio::posix::stream_descriptor::wait_type direction);
  asio::awaitable<void> wait_for_either();
  asio::awaitable<std::optional<ConnectError>> resolve(Deadline deadline);
  asio::awaitable<std::optional<ConnectError>> pin_settings(Deadline deadline);

  [[nodiscard]] bool resolves_itself() const;
  [[nodiscard]] std::optional<ConnectError> start_connecting();
  void watch_socket();
  void release_socket() noexcept;
  [[nodiscard]] bool send_all();
  [[nodiscard]] bool send(const pg::Statement& statement);
  void take_results();
  void take_result(const Result& result);
  void lose_connection();
  [[nodiscard]] std::vector<QueryResult> collect(bool in_time);

  asio::io_context& io_;
  pg::ConnInfo conninfo_;
  SessionOptions options_;
  asio::posix::stream_descriptor descriptor_;
  Resolver resolver_;
  Conn conn_;
  PostgresPollingStatusType polling_ = PGRES_POLLING_FAILED;
  int poll_error_ = 0;  // errno of the last PQconnectPoll
  pg::ServerVersion version_;
  std::vector<std::string> addresses_;

  // The names of the statements that this connection has prepared; no name is used twice.
  std::map<pg::Statement::Id, std::uint64_t> prepared_;
  std::uint64_t names_given_ = 0;

  // Of the pipeline under way: they outlive a cancelled exchange, which keeps what was answered.
  std::vector<pg::Statement> statements_;
  std::vector<std::optional<QueryResult>> answers_;
  std::size_t synced_ = 0;  // statements whose sync has come back
  std::vector<std::chrono::duration<double>> durations_;
  Deadline answered_at_;  // the statement before
  std::map<pg::Statement::Id, std::uint64_t> in_preparation_;
  std::optional<QueryError> lost_;  // why the connection is gone
};

}  // namespace pgrepl::session
