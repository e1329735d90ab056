#include "simulation/simulated_clock.h"

#include <stdexcept>

namespace pgrepl::simulation {

namespace {

// Handlers that run at one instant; beyond it somebody asks without ever waiting.
constexpr std::size_t kMostAtOnce = 100'000;

}  // namespace

void SimulatedClock::set(asio::steady_timer& timer, Instant at) {
  timer.expires_at(Instant::max());  // ends a wait under way
  forget(timer);
  const Key key{at, ++count_};
  keys_[&timer] = key;
  order_[key] = &timer;
}

void SimulatedClock::forget(asio::steady_timer& timer) noexcept {
  const auto known = keys_.find(&timer);
  if (known != keys_.end()) {
    order_.erase(known->second);
    keys_.erase(known);
  }
}

void SimulatedClock::run_ready(asio::io_context& io) {
  io.restart();
  // One by one: handlers that make each other ready for ever are found too.
  for (std::size_t ran = 0; io.poll_one() > 0; ++ran) {
    if (ran > kMostAtOnce) {
      throw std::runtime_error{"the loop spins without waiting"};
    }
  }
}

void SimulatedClock::run_until(asio::io_context& io, Instant until) {
  run_ready(io);
  std::size_t at_this_instant = 0;
  while (!order_.empty() && order_.begin()->first.first <= until) {
    // A timer set for the past is due now.
    at_this_instant = order_.begin()->first.first > now_ ? 0 : at_this_instant + 1;
    if (at_this_instant > kMostAtOnce) {
      throw std::runtime_error{"the loop spins without waiting"};
    }
    now_ = std::max(now_, order_.begin()->first.first);
    while (!order_.empty() && order_.begin()->first.first <= now_) {
      asio::steady_timer* timer = order_.begin()->second;
      forget(*timer);
      timer->cancel();
    }
    run_ready(io);
  }
  now_ = std::max(now_, until);
}

}  // namespace pgrepl::simulation
