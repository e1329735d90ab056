#include "support/growth.h"

#include <algorithm>
#include <vector>

namespace pgrepl::testing {

double slope(std::span<const Reading> readings) {
  std::vector<double> slopes;
  for (std::size_t later = 1; later < readings.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const double seconds = (readings[later].at - readings[earlier].at).count();
      if (seconds > 0) {
        slopes.push_back((readings[later].value - readings[earlier].value) / seconds);
      }
    }
  }
  if (slopes.empty()) {
    return 0;
  }
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::ranges::nth_element(slopes, middle);
  return *middle;
}

double growth(std::span<const Reading> readings) {
  return readings.empty() ? 0
                          : slope(readings) * (readings.back().at - readings.front().at).count();
}

}  // namespace pgrepl::testing
