// The clock of the simulated world. It moves only when the driver moves it, and wakes whoever set a
// timer for then, in the order of their instants and, at one instant, in the order of setting.
#pragma once

#include "loop/clock.h"

#include <map>
#include <unordered_map>
#include <utility>

#include <asio/io_context.hpp>

namespace pgrepl::simulation {

using loop::Instant;
using std::chrono::milliseconds;

// Where each film begins: not the epoch, so that code may look back.
inline constexpr Instant kBegin{std::chrono::hours{1000}};

class SimulatedClock : public loop::Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }

  [[nodiscard]] double wall_now() const override { return wall_at(now_); }

  // The wall clock of the whole world, in seconds since the epoch.
  [[nodiscard]] static double wall_at(Instant at) {
    return 1.7e9 + std::chrono::duration<double>{at - kBegin}.count();
  }

  void set(asio::steady_timer& timer, Instant at) override;
  void forget(asio::steady_timer& timer) noexcept override;

  // Runs all that is due up to `until`, at its instant, and leaves the clock there.
  void run_until(asio::io_context& io, Instant until);

  // Timers that somebody set and that have not come yet.
  [[nodiscard]] std::size_t timers() const { return order_.size(); }

 private:
  using Key = std::pair<Instant, std::uint64_t>;

  static void run_ready(asio::io_context& io);

  Instant now_ = kBegin;
  std::uint64_t count_ = 0;
  std::map<Key, asio::steady_timer*> order_;
  std::unordered_map<asio::steady_timer*, Key> keys_;
};

}  // namespace pgrepl::simulation
