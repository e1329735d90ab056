#include "sampling/round_gate.h"

#include <algorithm>

namespace pgrepl::sampling {

RoundGate::Ticket RoundGate::join(
    Instant now, Instant deadline, std::chrono::milliseconds longest
) {
  if (running_) {
    return {.round = number_, .begins = false};
  }
  running_ = true;
  number_ += 1;
  deadline_ = std::max(deadline, now + longest);
  return {.round = number_, .begins = true};
}

std::optional<Instant> RoundGate::overdue_since(Instant now) const {
  return running_ && now >= deadline_ ? std::optional{deadline_} : std::nullopt;
}

}  // namespace pgrepl::sampling
