#include "probing/prober.h"

#include "loop/finish_by.h"

#include <algorithm>
#include <utility>

namespace pgrepl::sampling {

namespace {

constexpr std::chrono::milliseconds kShortestPeriod{1000};

}  // namespace

Prober::Prober(loop::Loop loop, const config::Sampling& sampling)
    : loop_(loop), sampling_(sampling), alarm_(loop) {
}

asio::awaitable<void> Prober::probe_until_stopped() {
  const std::chrono::milliseconds period = std::max(sampling_.tick, kShortestPeriod);
  while (!stopped_) {
    const loop::Instant began = now();
    auto work = probe_once();
    const bool finished = co_await loop::finish_by(alarm_, std::move(work), loop::Instant::max());
    if (!finished || stopped_) {
      break;
    }
    co_await alarm_.wait_until(began + period);
  }
  ended_ = true;
}

void Prober::stop() {
  stopped_ = true;
  alarm_.cancel();
}

loop::Instant Prober::deadline() const {
  return now() + sampling_.connect_timeout;
}

}  // namespace pgrepl::sampling
