// What to do next with one server's connection: connect, ask, or wait. No socket and no timer:
// the poller obeys, tests drive it step by step.
#pragma once

#include "cluster/sample.h"
#include "support/backoff.h"

#include <chrono>
#include <optional>
#include <string>

namespace pgrepl::sampling {

using cluster::Instant;

class PollState {
 public:
  // `tick` is how often to ask; a server that does not answer is tried again after one to two
  // ticks. One that refuses our credentials (each try is a line in its log), or whose version no
  // query is for, is tried again after ten.
  explicit PollState(std::chrono::milliseconds tick);

  // When to start the next attempt, to connect or to ask. A primary is asked half a tick after
  // the standbys: what it says of one that has just fallen silent is newer than its own last word.
  [[nodiscard]] Instant next_attempt(Instant now, std::optional<cluster::Role> role) const;

  void attempt_began(Instant now);
  void answered(Instant now);
  // The attempt has come to its end. One that was neither answered nor failed was given up by us:
  // what it has shown of the server so far stays, and it shows nothing more.
  void attempt_ended(Instant now);
  // `fraction` in [0, 1) spreads the retries of many exporters.
  void failed(cluster::Failure failure, Instant now, double fraction);

  // Why the server does not answer: its last failure, or, when the present attempt is out for
  // longer than a tick, that it hangs. Absent while it answers and before the first attempt ends.
  [[nodiscard]] std::optional<cluster::Failure> failure(Instant now) const;

 private:
  std::chrono::milliseconds tick_;
  Backoff backoff_;
  std::optional<Instant> began_;
  std::optional<Instant> retry_at_;
  std::optional<cluster::Failure> failure_;
  bool answered_before_ = false;
};

}  // namespace pgrepl::sampling
