#include "loop/bell.h"

namespace pgrepl::loop {

asio::awaitable<void> Bell::wait_until(Instant deadline) {
  const auto alarm = waiting_.emplace(waiting_.end(), loop_);
  co_await alarm->wait_until(deadline);
  waiting_.erase(alarm);
}

void Bell::ring() {
  for (Alarm& alarm : waiting_) {
    alarm.cancel();
  }
}

}  // namespace pgrepl::loop
