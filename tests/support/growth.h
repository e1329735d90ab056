// Whether a figure that was taken again and again grows: what tells a leak from noise.
#pragma once

#include <chrono>
#include <span>

namespace pgrepl::testing {

struct Reading {
  std::chrono::duration<double> at{};
  double value = 0;
};

// Per second: the median of the slopes between all pairs of readings, so that single outliers do
// not count. Zero with less than two readings.
[[nodiscard]] double slope(std::span<const Reading> readings);

// What the slope makes of the time between the first reading and the last.
[[nodiscard]] double growth(std::span<const Reading> readings);

}  // namespace pgrepl::testing
