// Who waits for which round of one server, and whether a round or a walk may use the connection
// that they share. Decisions only: the poller obeys, tests drive it step by step.
#pragma once

#include "cluster/sample.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace pgrepl::sampling {

using cluster::Instant;

class RoundGate {
 public:
  // A caller's place in a round.
  struct Ticket {
    std::uint64_t round = 0;
    bool begins = false;  // the caller is the first, and starts the round
  };

  // A caller who waits until `deadline`. It joins the round that runs; without one it begins a
  // round, which may take until `deadline` and no less than `longest`. So who is in a hurry leaves
  // early, and shortens the round for nobody.
  [[nodiscard]] Ticket join(Instant now, Instant deadline, std::chrono::milliseconds longest);

  // Whether the round of that ticket runs.
  [[nodiscard]] bool runs(const Ticket& ticket) const {
    return running_ && ticket.round == number_;
  }

  [[nodiscard]] bool is_running() const { return running_; }

  // Of the round that runs.
  [[nodiscard]] Instant deadline() const { return deadline_; }

  void round_ended() { running_ = false; }

  // Since when the round that runs takes longer than it may; absent when it does not. The patience
  // of a caller is no evidence about the server: who leaves early changes nothing for the others.
  [[nodiscard]] std::optional<Instant> overdue_since(Instant now) const;

  // Neither a round nor a walk uses the connection and the queries. They exclude each other; a
  // round that waits goes before the walk's next database.
  [[nodiscard]] bool is_idle() const { return !running_ && !walking_; }

  void walk_began() { walking_ = true; }

  void walk_ended() { walking_ = false; }

  [[nodiscard]] bool is_walking() const { return walking_; }

 private:
  std::uint64_t number_ = 0;
  bool running_ = false;
  bool walking_ = false;
  Instant deadline_;
};

}  // namespace pgrepl::sampling
