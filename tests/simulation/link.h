// What becomes of a packet between two hosts.
#pragma once

#include <chrono>

namespace pgrepl::simulation {

enum class Flow { Open, Refused, BlackHole };

struct Link {
  Flow flow = Flow::Open;
  bool answers_lost = false;             // what is asked arrives, what is answered does not
  std::chrono::milliseconds latency{1};  // one way

  [[nodiscard]] bool carries_answers() const { return flow == Flow::Open && !answers_lost; }
};

}  // namespace pgrepl::simulation
