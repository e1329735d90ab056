// One connection that is spoken to in the simple protocol: nothing prepared and nothing set, so
// that it goes through any pooler, leaves nothing behind in it, and suits the console of PgBouncer,
// which refuses the extended protocol.
#pragma once

#include "pg/conninfo.h"
#include "pg/result_set.h"
#include "session/libpq.h"
#include "session/query_error.h"
#include "session/resolver.h"
#include "support/expected.h"

#include <chrono>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

namespace pgrepl::session {

class SimpleSession {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  using Answer = Expected<pg::ResultSet, ConnectError>;

  SimpleSession(asio::io_context& io, Resolver& resolver) : io_(io), resolver_(resolver) {}

  // Absent when it is open now.
  asio::awaitable<std::optional<ConnectError>> open(pg::ConnInfo conninfo, Deadline deadline);

  // The rows of one statement. A refused statement leaves the session open; whatever else fails
  // closes it, an answer that is late as well: it would be taken for that of the next statement.
  asio::awaitable<Answer> ask(std::string sql, Deadline deadline);

  [[nodiscard]] bool is_open() const { return conn_ != nullptr; }

  void close() { conn_.reset(); }

 private:
  asio::awaitable<void> establish(std::optional<ConnectError>& problem);
  asio::awaitable<void> converse(const std::string& sql, std::optional<Answer>& answer);
  asio::awaitable<Answer> receive();

  asio::io_context& io_;
  Resolver& resolver_;
  Conn conn_;
};

}  // namespace pgrepl::session
