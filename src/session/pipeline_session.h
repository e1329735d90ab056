// Batches of statements: in one round trip by libpq's pipeline mode; behind a pooler, one after
// another in a transaction.
#pragma once

#include "session/connection.h"
#include "session/session.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::session {

class PipelineSession : public Session {
 public:
  // Prepared statements on one connection; beyond it all are given back to the server.
  static constexpr std::size_t kMostPrepared = 500;

  PipelineSession(
      loop::Loop loop,
      Resolver& resolver,
      pg::ConnInfo conninfo,
      SessionOptions options,
      Limits limits = {},
      LoginRation* ration = nullptr
  );

  asio::awaitable<Expected<void, ConnectError>> connect() override;

  // One sync for each statement, and each is prepared when it is first seen: a failing one keeps
  // its prepared statement, unless the server says that it is of no use any more.
  asio::awaitable<std::vector<QueryResult>> run(
      std::vector<pg::Statement> statements, Deadline deadline
  ) override;

  void close() noexcept override;

  [[nodiscard]] bool is_open() const override { return connection_.is_open(); }

  [[nodiscard]] pg::ServerVersion version() const override { return version_; }

  [[nodiscard]] bool is_pooled() const override { return pooled_; }

  [[nodiscard]] const std::vector<std::string>& addresses() const override {
    return connection_.addresses();
  }

  [[nodiscard]] const std::vector<std::chrono::duration<double>>& durations() const override {
    return durations_;
  }

 private:
  // A statement of ours on the server.
  struct Prepared {
    std::uint64_t number = 0;
    int ends_missing = 0;  // of the commands that prepare it; 0 when it is there
    bool stale = false;    // to be given back before it is prepared anew
  };

  asio::awaitable<void> exchange();
  asio::awaitable<void> exchange_in_transaction();
  asio::awaitable<std::optional<ConnectError>> make_ready();
  asio::awaitable<void> keep_outcome(std::optional<std::optional<ConnectError>>& outcome);
  [[nodiscard]] bool send_all();
  [[nodiscard]] bool send(const pg::Statement& statement);
  [[nodiscard]] bool send_preparation(const pg::Statement& statement, Prepared& prepared);
  [[nodiscard]] bool send_text(const std::string& sql);
  void take_results();
  void take_result(const Result& result);
  void take_error(const Result& result);
  void take_end_of_command();
  void take_answer(QueryResult answer);
  void end_statement();
  void stop_reading(Connection::Input why);
  void end() noexcept;
  void lose_connection();
  void give_back_statements();
  [[nodiscard]] QueryError why_unanswered(bool in_time) const;
  [[nodiscard]] std::vector<QueryResult> collect(bool in_time);

  loop::Loop loop_;
  pg::ConnInfo conninfo_;
  SessionOptions options_;
  Connection connection_;
  pg::ServerVersion version_;
  bool pooled_ = false;
  std::map<pg::Statement::Id, Prepared> prepared_;
  std::uint64_t names_given_ = 0;

  // Of the pipeline under way: they outlive a cancelled exchange, which keeps what was answered.
  std::vector<pg::Statement> statements_;
  std::vector<std::optional<QueryResult>> answers_;
  std::size_t synced_ = 0;         // statements whose sync has come back
  std::size_t ends_expected_ = 0;  // of commands that are no statement: DEALLOCATE ALL and its sync
  std::vector<std::chrono::duration<double>> durations_;
  Deadline answered_at_;            // the statement before
  bool given_up_ = false;           // close() was called since connect()
  std::optional<QueryError> lost_;  // why the connection is gone
  bool too_large_ = false;          // it was closed for the statement that was being answered
};

}  // namespace pgrepl::session
