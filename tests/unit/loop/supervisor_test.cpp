#include "loop/supervisor.h"

#include "support/captured_log.h"
#include "unit/sampling/scripted_network.h"

#include <map>
#include <stdexcept>

#include <gtest/gtest.h>

namespace pgrepl::loop {
namespace {

using namespace std::chrono_literals;

class Supervising : public ::testing::Test {
 protected:
  // A turn is a second, and throws while `problem` has a text.
  asio::awaitable<void> turn() {
    turns += 1;
    co_await pause.wait_until(loop.now() + 1s);
    if (!problem.empty()) {
      throw std::runtime_error{problem};
    }
  }

  asio::awaitable<void> throw_something_else() {
    co_await pause.wait_until(loop.now() + 1s);
    throw 42;
  }

  Turns turns_of(const char* name) {
    return {
        .name = name,
        .turn = [this] { return turn(); },
        .is_over = [this] { return over; },
        .failed = [this](const std::string& why) { reasons.push_back(why); }};
  }

  void run_for(std::chrono::milliseconds time) { clock.run_until(io, loop.now() + time); }

  testing::CapturedLog log;
  testing::SteppedClock clock;
  asio::io_context io{1};
  Loop loop{io, clock};
  Alarm pause{loop};
  std::map<std::string, int> failures;
  Supervisor supervisor{loop, [this](const std::string& task) { failures[task] += 1; }};
  int turns = 0;
  std::string problem;
  std::vector<std::string> reasons;
  bool over = false;
};

TEST_F(Supervising, TurnFollowsTurnUntilTheTaskIsOver) {
  supervisor.keep(this, turns_of("tick"));
  run_for(3500ms);
  EXPECT_EQ(turns, 4);
  over = true;
  run_for(1s);
  EXPECT_EQ(turns, 4);
  EXPECT_EQ(supervisor.running(), 0U);
}

TEST_F(Supervising, ExceptionCostsOneTurnAndIsCountedUnderTheNameOfTheTask) {
  supervisor.keep(this, turns_of("tick"));
  problem = "broken";
  run_for(1s);
  problem.clear();
  EXPECT_EQ(failures, (std::map<std::string, int>{{"tick", 1}}));
  EXPECT_EQ(reasons, std::vector<std::string>{"broken"});
  run_for(3s);
  EXPECT_GT(turns, 2) << "it goes on";
  EXPECT_TRUE(log.contains("a task works again"));
}

TEST_F(Supervising, SameFailureIsLoggedOnceHoweverOftenItComes) {
  supervisor.keep(this, turns_of("tick"));
  problem = "broken";
  run_for(10min);
  EXPECT_GT(failures["tick"], 10);
  EXPECT_EQ(log.count("a task failed unexpectedly"), 1U);
  problem = "broken in another way";
  run_for(2min);
  EXPECT_EQ(log.count("a task failed unexpectedly"), 2U);
}

TEST_F(Supervising, PauseAfterFailuresGrowsToAMinute) {
  supervisor.keep(this, turns_of("tick"));
  problem = "broken";
  run_for(1h);
  // A minute and the turn of a second, but for the first pauses, which are shorter.
  EXPECT_GT(turns, 58);
  EXPECT_LT(turns, 66);
}

TEST_F(Supervising, TurnThatThrowsBeforeItsFirstStepIsAFailureToo) {
  Turns broken = turns_of("tick");
  broken.turn = []() -> asio::awaitable<void> { throw std::runtime_error{"no turn"}; };
  supervisor.keep(this, std::move(broken));
  run_for(0ms);
  EXPECT_EQ(failures["tick"], 1);
  EXPECT_EQ(reasons, std::vector<std::string>{"no turn"});
}

TEST_F(Supervising, WhatIsNoStdExceptionIsCaughtToo) {
  supervisor.spawn(this, "walk", throw_something_else());
  run_for(1s);
  EXPECT_EQ(failures["walk"], 1);
  EXPECT_EQ(supervisor.running(), 0U);
}

TEST_F(Supervising, EndOfWorkIsToldAlsoWhenItThrows) {
  int ended = 0;
  problem = "broken";
  supervisor.spawn(this, "round", turn(), [&] { ended += 1; });
  EXPECT_TRUE(supervisor.runs(this));
  run_for(1s);
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(supervisor.runs(this));
  problem.clear();
  supervisor.spawn(this, "round", turn(), [&] { ended += supervisor.runs(this) ? 100 : 1; });
  run_for(1s);
  EXPECT_EQ(ended, 2) << "nothing of it runs any more when its end is told";
}

TEST_F(Supervising, WhatTheEndOfWorkThrowsIsAFailureOfThatTask) {
  supervisor.spawn(this, "round", turn(), [] { throw std::runtime_error{"out of memory"}; });
  supervisor.spawn(this, "walk", turn(), [] { throw 42; });
  run_for(2s);
  EXPECT_EQ(failures, (std::map<std::string, int>{{"round", 1}, {"walk", 1}}));
  EXPECT_TRUE(log.contains("out of memory"));
  EXPECT_EQ(supervisor.running(), 0U);
}

TEST_F(Supervising, WhoeverIsOverNeedNotWaitForThePauseAfterAFailure) {
  supervisor.keep(this, turns_of("tick"));
  problem = "broken";
  run_for(1s);
  over = true;
  supervisor.wake(this);
  run_for(0ms);
  EXPECT_EQ(supervisor.running(), 0U);
}

TEST_F(Supervising, WakeIsForTheTasksOfOneOwner) {
  const int other = 0;
  supervisor.keep(&other, turns_of("tick"));
  problem = "broken";
  run_for(1s);
  supervisor.wake(this);
  run_for(0ms);
  EXPECT_EQ(turns, 1) << "the pause of another's task goes on";
  EXPECT_TRUE(supervisor.runs(&other));
}

TEST_F(Supervising, NoTurnBeginsAfterStop) {
  supervisor.keep(this, turns_of("tick"));
  problem = "broken";
  run_for(1s);
  supervisor.stop();
  run_for(1h);
  EXPECT_EQ(turns, 1);
  EXPECT_EQ(supervisor.running(), 0U);
}

}  // namespace
}  // namespace pgrepl::loop
