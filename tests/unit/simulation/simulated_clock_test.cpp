#include "simulation/simulated_clock.h"

#include "loop/alarm.h"

#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <gtest/gtest.h>

namespace pgrepl::simulation {
namespace {

asio::awaitable<void> note_at(loop::Loop loop, Instant at, int who, std::vector<int>& order) {
  loop::Alarm alarm{loop};
  co_await alarm.wait_until(at);
  order.push_back(who);
}

TEST(SimulatedClock, WakesInTheOrderOfInstantsThenOfSetting) {
  SimulatedClock clock;
  asio::io_context io;
  const loop::Loop loop{io, clock};
  std::vector<int> order;
  const Instant soon = kBegin + milliseconds{5};
  asio::co_spawn(io, note_at(loop, kBegin + std::chrono::hours{1}, 3, order), asio::detached);
  asio::co_spawn(io, note_at(loop, soon, 1, order), asio::detached);
  asio::co_spawn(io, note_at(loop, soon, 2, order), asio::detached);
  clock.run_until(io, kBegin + std::chrono::minutes{59});
  EXPECT_EQ(order, (std::vector{1, 2}));
  clock.run_until(io, kBegin + std::chrono::minutes{61});
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_EQ(clock.now(), kBegin + std::chrono::minutes{61});
  EXPECT_EQ(clock.timers(), 0U);
}

asio::awaitable<void> spin(loop::Loop loop) {
  loop::Alarm alarm{loop};
  while (true) {
    co_await alarm.wait_until(loop.now());
  }
}

TEST(SimulatedClock, ALoopThatNeverWaitsIsFound) {
  SimulatedClock clock;
  asio::io_context io;
  asio::co_spawn(io, spin(loop::Loop{io, clock}), asio::detached);
  EXPECT_THROW(clock.run_until(io, kBegin + milliseconds{1}), std::runtime_error);
}

}  // namespace
}  // namespace pgrepl::simulation
