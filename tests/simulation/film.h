// What happened in a film, line by line, for people.
#pragma once

#include "simulation/simulated_clock.h"

#include <cstdio>
#include <string>
#include <vector>

namespace pgrepl::simulation {

// Seconds since the beginning.
[[nodiscard]] inline std::string time_text(Instant at) {
  char text[32];
  std::snprintf(text, sizeof text, "%10.3f s", std::chrono::duration<double>{at - kBegin}.count());
  return text;
}

class Film {
 public:
  explicit Film(bool keeps) : keeps_(keeps) {}

  // Whether lines are kept; making them is not free.
  [[nodiscard]] bool keeps() const { return keeps_; }

  void note(Instant at, const std::string& who, const std::string& what) {
    if (keeps_) {
      lines_.push_back(time_text(at) + "  " + who + "  " + what);
    }
  }

  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  bool keeps_;
  std::vector<std::string> lines_;
};

}  // namespace pgrepl::simulation
