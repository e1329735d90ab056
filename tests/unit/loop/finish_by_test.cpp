#include "loop/finish_by.h"

#include "support/run_coroutine.h"

#include <stdexcept>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <gtest/gtest.h>

namespace pgrepl::loop {
namespace {

using namespace std::chrono_literals;

class FinishBy : public ::testing::Test {
 protected:
  asio::awaitable<void> wait_forever() {
    Alarm own{loop};
    co_await own.wait_until(Instant::max());
    work_ended = true;
  }

  asio::awaitable<void> fail_later() {
    Alarm own{loop};
    co_await own.wait_until(loop.now() + 1ms);
    throw std::runtime_error{"broken"};
  }

  static asio::awaitable<int> answer() { co_return 42; }

  asio::awaitable<int> answer_too_late() {
    co_await wait_forever();
    co_return 42;
  }

  // Work that asks for time after it was cancelled.
  asio::awaitable<void> outlive_the_deadline() {
    co_await wait_forever();
    throw std::runtime_error{"cancelled in its own way"};
  }

  asio::awaitable<bool> nested() {
    Alarm inner{loop};
    auto work = wait_forever();
    const bool finished = co_await finish_by(inner, std::move(work), Instant::max());
    inner_ended = true;
    co_return finished;
  }

  bool run(asio::awaitable<void> work, Instant deadline) {
    return testing::run_coroutine(io, finish_by(alarm, std::move(work), deadline));
  }

  SystemClock clock;
  asio::io_context io{1};
  Loop loop{io, clock};
  Alarm alarm{loop};
  bool work_ended = false;
  bool inner_ended = false;
};

TEST_F(FinishBy, DeadlineEndsTheWork) {
  EXPECT_FALSE(run(wait_forever(), loop.now() + 1ms));
  EXPECT_TRUE(work_ended);
}

TEST_F(FinishBy, AnExceptionOfTheWorkIsPassedOnAtOnce) {
  EXPECT_THROW((void)run(fail_later(), Instant::max()), std::runtime_error);
}

TEST_F(FinishBy, WhatCancelledWorkThrowsIsNotAFailure) {
  EXPECT_FALSE(run(outlive_the_deadline(), loop.now() + 1ms));
}

TEST_F(FinishBy, WhoeverCancelsTheAlarmEndsTheWork) {
  asio::co_spawn(io, finish_by(alarm, wait_forever(), Instant::max()), asio::detached);
  io.poll();
  EXPECT_FALSE(work_ended);
  alarm.cancel();
  io.restart();
  io.run();
  EXPECT_TRUE(work_ended);
}

TEST_F(FinishBy, WorkWithinWorkEndsFromTheInsideOut) {
  const auto finished = testing::run_coroutine(io, result_by(alarm, nested(), loop.now() + 1ms));
  EXPECT_FALSE(finished);
  EXPECT_TRUE(work_ended);
  EXPECT_TRUE(inner_ended);
}

TEST_F(FinishBy, ResultsComeBackUnlessTheyAreLate) {
  EXPECT_EQ(testing::run_coroutine(io, result_by(alarm, answer(), Instant::max())), 42);
  const auto late = testing::run_coroutine(io, result_by(alarm, answer_too_late(), loop.now()));
  EXPECT_FALSE(late);
}

}  // namespace
}  // namespace pgrepl::loop
