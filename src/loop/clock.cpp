#include "loop/clock.h"

namespace pgrepl::loop {

double SystemClock::wall_now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>{since_epoch}.count();
}

}  // namespace pgrepl::loop
