// Capped exponential backoff as a value: how long to wait after each failure in a row.
#pragma once

#include <algorithm>
#include <chrono>

namespace pgrepl {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
      : first_(first), longest_(longest), next_(first) {}

  // The wait after one more failure. `fraction` in [0, 1) shortens it by up to a quarter, so that
  // many exporters do not return at one instant.
  [[nodiscard]] std::chrono::milliseconds after_failure(double fraction) {
    const auto wait = next_;
    next_ = std::min(next_ * 2, longest_);
    return wait - std::chrono::milliseconds{
                      static_cast<long>(fraction * static_cast<double>(wait.count()) / 4)};
  }

  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds longest_;
  std::chrono::milliseconds next_;
};

}  // namespace pgrepl
