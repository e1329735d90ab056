// Goes the way that a DatabaseWalk decides: one database after another, each over a connection of
// its own.
#pragma once

#include "sampling/database_walk.h"
#include "sampling/polled_server.h"
#include "sampling/round_gate.h"
#include "session/session.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>

namespace pgrepl::sampling {

class DatabaseWalker {
 public:
  explicit DatabaseWalker(PolledServer& polled)
      : polled_(polled), walk_(polled.collection.errors()) {}

  [[nodiscard]] bool has_something_to_ask(pg::ServerVersion version) const;

  // Asks the server over `idle` which databases it has, closes it where there are any, and asks
  // them. Stops before the next database when a round waits at the gate; the rest is left for the
  // next time.
  asio::awaitable<void> walk(session::Session& idle, const RoundGate& gate);

  // Nothing comes of the walk that has begun.
  void abandon() { walk_.abandon(); }

  void close();

  // Databases beyond the most that are asked, at the last walk; absent before the first.
  [[nodiscard]] std::optional<std::uint64_t> left_out() const { return left_out_; }

 private:
  asio::awaitable<void> begin(session::Session& idle);
  asio::awaitable<void> ask(DatabaseWalk::Turn turn);
  asio::awaitable<void> ask_over(session::Session& session, const DatabaseWalk::Turn& turn);

  PolledServer& polled_;
  DatabaseWalk walk_;
  std::unique_ptr<ServerSession> session_;  // null between two databases
  std::optional<std::uint64_t> left_out_;
};

}  // namespace pgrepl::sampling
