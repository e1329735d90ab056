// Waits for a point in time, or for somebody to end the wait.
#pragma once

#include "loop/clock.h"

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace pgrepl::loop {

// What the moving half runs on: one event loop and its clock. Both outlive whoever holds this.
struct Loop {
  asio::io_context& io;
  Clock& clock;

  [[nodiscard]] Instant now() const { return clock.now(); }
};

class Alarm {
 public:
  explicit Alarm(Loop loop) : loop_(loop), timer_(loop.io) {}

  ~Alarm() { loop_.clock.forget(timer_); }

  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // True at `at`; false as soon as cancel() is called or the coroutine is cancelled. One wait at a
  // time.
  asio::awaitable<bool> wait_until(Instant at);

  // Ends the wait under way; without one, nothing happens.
  void cancel() { timer_.cancel(); }

 private:
  Loop loop_;
  asio::steady_timer timer_;
};

}  // namespace pgrepl::loop
