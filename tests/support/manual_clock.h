// A clock that stands still until it is told to move, to hand Instants to pure code.
#pragma once

#include <chrono>

namespace pgrepl::testing {

class ManualClock {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  [[nodiscard]] Instant now() const { return now_; }

  Instant advance(std::chrono::steady_clock::duration step) {
    now_ += step;
    return now_;
  }

 private:
  // Not the epoch, so that code may look back from the first instant.
  Instant now_{std::chrono::hours{1}};
};

}  // namespace pgrepl::testing
