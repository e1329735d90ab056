// What time it is, and how to be woken later. Everything that moves reads time from here, so that
// tests can run the same code under a clock of their own.
#pragma once

#include <chrono>

#include <asio/steady_timer.hpp>

namespace pgrepl::loop {

using Instant = std::chrono::steady_clock::time_point;

class Clock {
 public:
  Clock() = default;
  virtual ~Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  // Monotonic; the same for everything that runs on one loop.
  [[nodiscard]] virtual Instant now() const = 0;

  // Seconds since the epoch, by the clock of this machine, which may jump. For people to read,
  // never to measure with.
  [[nodiscard]] virtual double wall_now() const = 0;

  // Sets `timer` so that a wait on it ends at `at`. A later call for the same timer replaces it,
  // and ends a wait that is under way as cancelled.
  virtual void set(asio::steady_timer& timer, Instant at) = 0;

  // `timer` is about to be destroyed.
  virtual void forget(asio::steady_timer& timer) noexcept = 0;
};

// The machine's own clocks.
class SystemClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return std::chrono::steady_clock::now(); }

  [[nodiscard]] double wall_now() const override;

  void set(asio::steady_timer& timer, Instant at) override { timer.expires_at(at); }

  void forget(asio::steady_timer&) noexcept override {}
};

}  // namespace pgrepl::loop
