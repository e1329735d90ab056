// Runs the rounds of one server: the queries of the catalogue that are due, with a fresh tick,
// over a connection of their own.
#pragma once

#include "loop/bell.h"
#include "sampling/database_walker.h"
#include "sampling/polled_server.h"
#include "sampling/round_gate.h"
#include "session/session.h"

#include <memory>
#include <optional>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::sampling {

class RoundPoller {
 public:
  explicit RoundPoller(PolledServer& polled);

  // Begins a round, or joins the one that runs, and returns when it has ended or at `deadline`:
  // false when it goes on without the caller. At once where a round makes no sense: the server does
  // not answer ticks, or the last round failed just now.
  asio::awaitable<bool> join(Instant deadline);

  [[nodiscard]] bool has_walk() const;

  // See Poller::walk().
  asio::awaitable<void> walk();

  // From the next round or walk on.
  void use(SharedQueries queries);

  // Ends what is under way.
  void close();

  // Returns when no round runs.
  asio::awaitable<void> wait_until_over();

  // Lets nobody wait any more. Once the server is polled no more.
  void wake();

  // Of the last round, or of one that takes longer than it may.
  [[nodiscard]] std::optional<cluster::Failure> failure(Instant now) const;

  // The round that runs takes longer than it may: what there is is too old.
  [[nodiscard]] bool is_overdue(Instant now) const { return gate_.overdue_since(now).has_value(); }

  [[nodiscard]] std::optional<std::uint64_t> databases_left_out() const {
    return walker_.left_out();
  }

 private:
  // The last round is so young that another would only be load.
  [[nodiscard]] bool is_fresh(Instant now) const;
  void start();
  // A task of its own: whoever began it may leave before its end.
  asio::awaitable<void> run_round();
  void end_round();
  void end_walk();
  asio::awaitable<void> wait_for_the_walk();
  asio::awaitable<void> wait_for_place();
  asio::awaitable<void> ask_with_second_try();
  asio::awaitable<void> ask();
  // The queries' own: which of them run depends on the server's role.
  asio::awaitable<std::optional<session::QueryError>> learn_role();
  asio::awaitable<std::optional<session::QueryError>> run_due_queries(bool& cut_short);
  void fail(const session::QueryError& error);
  void change_queries();

  PolledServer& polled_;
  RoundGate gate_;
  loop::Bell round_over_;
  std::optional<Instant> last_round_;  // when the last one that brought something began
  loop::Bell walk_over_;
  std::unique_ptr<ServerSession> session_;
  DatabaseWalker walker_;
  bool round_broke_ = false;    // an exception ended it, as long as its last line is not reached
  SharedQueries next_queries_;  // null when they are to stay
};

}  // namespace pgrepl::sampling
