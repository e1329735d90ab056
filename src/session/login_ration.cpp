#include "session/login_ration.h"

#include <algorithm>
#include <cstddef>

namespace pgrepl::session {

namespace {

constexpr std::size_t kMostIdle = 1000;

}  // namespace

// The generic cell rate algorithm: each login moves the address' own time on by an interval, and
// that may be ahead of the clock by as many intervals as logins may come at once.
std::optional<LoginRation::Instant> LoginRation::take(
    const pg::Endpoint& address, Instant now, Instant deadline
) {
  if (spent_until_.size() > kMostIdle) {
    forget_idle(now);
  }
  Instant& until = spent_until_[{address.host, address.port}];
  const Instant spent = std::max(until, now);
  const Instant begins = std::max(now, spent - kInterval * (kAtOnce - 1));
  if (begins > deadline) {
    return std::nullopt;
  }
  until = spent + kInterval;
  return begins;
}

void LoginRation::forget_idle(Instant now) {
  std::erase_if(spent_until_, [now](const auto& address) { return address.second <= now; });
}

}  // namespace pgrepl::session
