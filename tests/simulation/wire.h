// One connection of an exporter to a server of the world, from the exporter's side.
#pragma once

#include "loop/alarm.h"
#include "session/session.h"
#include "simulation/answers.h"
#include "simulation/film.h"
#include "simulation/ledger.h"

#include <map>
#include <set>

namespace pgrepl::simulation {

class Wire;

// All that connections of one world share.
struct Exchange {
  World& world;
  const Recipes& recipes;
  Ledger& ledger;
  Film& film;
  std::map<std::uint64_t, Wire*> by_backend{};
};

class Wire {
 public:
  Wire(loop::Loop loop, Exchange& exchange, ExporterId exporter);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Absent when it is open now.
  asio::awaitable<std::optional<session::ConnectError>> open(
      pg::ConnInfo conninfo, Instant deadline
  );

  // As session::Session::run().
  asio::awaitable<std::vector<session::QueryResult>> run(
      std::vector<pg::Statement> statements, milliseconds statement_timeout, Instant deadline
  );

  // By our own side.
  void close() noexcept;

  // The server has ended it. Noticed as soon as the link lets it through.
  void end() {
    ended_ = true;
    alarm_.cancel();
  }

  [[nodiscard]] bool is_open() const { return backend_ != 0; }

  [[nodiscard]] pg::ServerVersion version() const { return version_; }

  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

  [[nodiscard]] const std::vector<std::chrono::duration<double>>& durations() const {
    return durations_;
  }

 private:
  void drop() noexcept;
  enum class Passed { Yes, Late, Ended, GivenUp };

  // Lets `time` pass. With `needs_server`, it stands still while the server or the link does.
  asio::awaitable<Passed> pass(milliseconds time, Instant deadline, bool needs_server);
  asio::awaitable<std::optional<session::ConnectError>> log_in(Instant deadline);
  [[nodiscard]] bool stands_still() const;
  [[nodiscard]] std::optional<session::ConnectError> refusal() const;
  asio::awaitable<Passed> execute(
      const pg::Statement& statement,
      milliseconds statement_timeout,
      Instant deadline,
      std::vector<session::QueryResult>& results
  );
  void lose(Passed why, std::size_t wanted, std::vector<session::QueryResult>& results);
  [[nodiscard]] const Link& link() const;

  loop::Loop loop_;
  Exchange& exchange_;
  ExporterId exporter_;
  loop::Alarm alarm_;
  NodeId node_ = 0;
  std::uint64_t backend_ = 0;  // 0: closed
  std::uint64_t turn_ = 0;     // grows with each drop()
  bool given_up_ = false;      // close() was called since open()
  bool ended_ = false;
  pg::ServerVersion version_;
  std::vector<std::string> addresses_;
  std::vector<std::chrono::duration<double>> durations_;
  std::set<pg::Statement::Id> seen_;
};

}  // namespace pgrepl::simulation
