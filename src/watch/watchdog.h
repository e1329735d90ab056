// Whether the loop turns, as its heartbeat tells. Who asks is on another thread: a loop that stands
// still cannot say so itself.
#pragma once

#include "cluster/sample.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>

namespace pgrepl::watch {

class Watchdog {
 public:
  static constexpr std::chrono::seconds kPeriod{1};
  static constexpr std::chrono::seconds kPatience{5};  // without a beat, and the loop stands still
  static constexpr std::chrono::seconds kStall{1};     // a beat that is later counts as a stall

  explicit Watchdog(cluster::Instant now) : last_beat_(now.time_since_epoch().count()) {}

  // On the loop: a beat that was due at `due` and comes at `now`. True when it is so late that the
  // loop has stalled.
  bool beat(cluster::Instant due, cluster::Instant now);

  // From any thread.
  [[nodiscard]] bool is_alive(cluster::Instant now) const;

  // On the loop: how late a beat was at most in the last minute.
  [[nodiscard]] cluster::Seconds longest_delay() const;

 private:
  std::atomic<cluster::Instant::rep> last_beat_;
  std::array<cluster::Seconds, std::chrono::seconds{60} / kPeriod> delays_{};
  std::size_t beats_ = 0;
};

}  // namespace pgrepl::watch
