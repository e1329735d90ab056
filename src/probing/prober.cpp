#include "probing/prober.h"

#include "loop/finish_by.h"
#include "loop/mark.h"
#include "probing/pace.h"

#include <utility>

namespace pgrepl::probing {

Prober::Prober(loop::Loop loop, Target target, const config::Sampling& sampling)
    : loop_(loop), target_(std::move(target)), sampling_(sampling), alarm_(loop) {
}

asio::awaitable<void> Prober::turn() {
  const loop::Mark in_turn{in_turn_};
  const loop::Instant began = now();
  auto work = probe_once();
  const bool finished = co_await loop::finish_by(alarm_, std::move(work), loop::Instant::max());
  if (finished && !stopped_) {
    co_await alarm_.wait_until(next_try(began, now(), sampling_.tick));
  }
}

void Prober::stop() {
  stopped_ = true;
  alarm_.cancel();
}

}  // namespace pgrepl::probing
