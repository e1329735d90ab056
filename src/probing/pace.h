// How often something is probed. Pure.
#pragma once

#include <algorithm>
#include <chrono>

namespace pgrepl::probing {

using Instant = std::chrono::steady_clock::time_point;

// When the try after one that began at `began` begins: a tick later, a second later where ticks are
// shorter, and at `now` when the last try took longer than that.
[[nodiscard]] inline Instant next_try(Instant began, Instant now, std::chrono::milliseconds tick) {
  constexpr std::chrono::milliseconds kShortestPeriod{1000};
  return std::max(now, began + std::max(tick, kShortestPeriod));
}

}  // namespace pgrepl::probing
