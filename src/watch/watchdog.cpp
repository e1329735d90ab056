#include "watch/watchdog.h"

#include <algorithm>

namespace pgrepl::watch {

bool Watchdog::beat(cluster::Instant due, cluster::Instant now) {
  const cluster::Seconds late = std::max(cluster::Seconds{now - due}, cluster::Seconds{0});
  delays_.at(beats_ % delays_.size()) = late;
  beats_ += 1;
  last_beat_ = now.time_since_epoch().count();
  return late > kStall;
}

bool Watchdog::is_alive(cluster::Instant now) const {
  return now - cluster::Instant{cluster::Instant::duration{last_beat_}} < kPatience;
}

cluster::Seconds Watchdog::longest_delay() const {
  return *std::ranges::max_element(delays_);
}

}  // namespace pgrepl::watch
