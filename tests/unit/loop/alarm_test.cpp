#include "loop/alarm.h"

#include "loop/bell.h"
#include "loop/mark.h"
#include "loop/tasks.h"
#include "unit/sampling/scripted_network.h"

#include <optional>
#include <stdexcept>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <gtest/gtest.h>

namespace pgrepl::loop {
namespace {

using namespace std::chrono_literals;

class Waiting : public ::testing::Test {
 protected:
  void spawn(asio::awaitable<void> work) { asio::co_spawn(io, std::move(work), asio::detached); }

  void run_for(std::chrono::milliseconds time) { clock.run_until(io, loop.now() + time); }

  asio::awaitable<void> wait_on(Alarm& alarm, Instant at, std::optional<bool>& came) {
    const bool at_its_time = co_await alarm.wait_until(at);
    came = at_its_time;
  }

  asio::awaitable<void> wait_on(Bell& bell, Instant deadline, std::optional<Instant>& ended) {
    co_await bell.wait_until(deadline);
    ended = loop.now();
  }

  testing::SteppedClock clock;
  asio::io_context io{1};
  Loop loop{io, clock};
};

TEST_F(Waiting, AlarmGoesOffAtItsTimeAndNotBefore) {
  Alarm alarm{loop};
  std::optional<bool> came;
  spawn(wait_on(alarm, loop.now() + 1s, came));
  run_for(999ms);
  EXPECT_FALSE(came);
  run_for(1ms);
  EXPECT_EQ(came, true);
}

TEST_F(Waiting, AlarmOfThePastGoesOffAtOnce) {
  Alarm alarm{loop};
  std::optional<bool> came;
  spawn(wait_on(alarm, loop.now() - 1h, came));
  run_for(0ms);
  EXPECT_EQ(came, true);
}

TEST_F(Waiting, CancelledAlarmSaysThatItsTimeHasNotCome) {
  Alarm alarm{loop};
  std::optional<bool> came;
  spawn(wait_on(alarm, loop.now() + 1s, came));
  run_for(500ms);
  alarm.cancel();
  run_for(0ms);
  EXPECT_EQ(came, false);
}

TEST_F(Waiting, CancelWithoutAWaitEndsNoLaterWait) {
  Alarm alarm{loop};
  alarm.cancel();
  std::optional<bool> came;
  spawn(wait_on(alarm, loop.now() + 1s, came));
  run_for(500ms);
  EXPECT_FALSE(came);
  run_for(500ms);
  EXPECT_EQ(came, true);
}

TEST_F(Waiting, AlarmServesOneWaitAfterAnother) {
  Alarm alarm{loop};
  for (int i = 0; i < 3; ++i) {
    std::optional<bool> came;
    spawn(wait_on(alarm, loop.now() + 1s, came));
    run_for(1s);
    EXPECT_EQ(came, true) << i;
  }
}

TEST_F(Waiting, AlarmThatIsDestroyedLeavesTheClockInPeace) {
  {
    Alarm alarm{loop};
    std::optional<bool> came;
    spawn(wait_on(alarm, loop.now() + 1s, came));
    run_for(0ms);
    alarm.cancel();
    run_for(0ms);
  }
  run_for(2s);  // nothing is left that could go off
  SUCCEED();
}

TEST_F(Waiting, BellEndsEveryWaitAtOnce) {
  Bell bell{loop};
  std::vector<std::optional<Instant>> ended(3);
  for (auto& one : ended) {
    spawn(wait_on(bell, loop.now() + 1h, one));
  }
  run_for(5s);
  const Instant rung = loop.now();
  bell.ring();
  run_for(0ms);
  for (const auto& one : ended) {
    EXPECT_EQ(one, rung);
  }
}

TEST_F(Waiting, EachWaitForABellHasADeadlineOfItsOwn) {
  Bell bell{loop};
  const Instant begin = loop.now();
  std::optional<Instant> early;
  std::optional<Instant> late;
  spawn(wait_on(bell, begin + 1s, early));
  spawn(wait_on(bell, begin + 5s, late));
  run_for(2s);
  EXPECT_EQ(early, begin + 1s);
  EXPECT_FALSE(late);
  bell.ring();
  run_for(0ms);
  EXPECT_EQ(late, begin + 2s);
}

TEST_F(Waiting, BellThatRangBeforeEndsNoLaterWait) {
  Bell bell{loop};
  bell.ring();
  std::optional<Instant> ended;
  spawn(wait_on(bell, loop.now() + 1s, ended));
  run_for(500ms);
  EXPECT_FALSE(ended);
  run_for(500ms);
  EXPECT_TRUE(ended);
}

TEST_F(Waiting, WhoIsWokenMayWaitAgainWhileTheBellStillRings) {
  Bell bell{loop};
  int woken = 0;
  const auto wait_twice = [&bell, &woken, this]() -> asio::awaitable<void> {
    for (int i = 0; i < 2; ++i) {
      const Instant deadline = loop.now() + 1h;
      co_await bell.wait_until(deadline);
      woken += 1;
    }
  };
  spawn(wait_twice());
  spawn(wait_twice());
  run_for(0ms);
  bell.ring();
  run_for(0ms);
  EXPECT_EQ(woken, 2) << "the second wait is for the next ring";
  bell.ring();
  run_for(0ms);
  EXPECT_EQ(woken, 4);
}

TEST(MarkTest, FlagIsTrueForAsLongAsTheMarkLives) {
  bool under_way = false;
  {
    const Mark mark{under_way};
    EXPECT_TRUE(under_way);
  }
  EXPECT_FALSE(under_way);
}

TEST(MarkTest, FlagIsTakenBackByAnExceptionToo) {
  bool under_way = false;
  std::size_t asking = 3;
  const auto fail = [&] {
    const Mark mark{under_way};
    const Counted counted{asking};
    EXPECT_EQ(asking, 4U);
    throw std::runtime_error{"broken"};
  };
  EXPECT_THROW(fail(), std::runtime_error);
  EXPECT_FALSE(under_way);
  EXPECT_EQ(asking, 3U);
}

TEST(TasksTest, AreNoneOnceTheLastHasEnded) {
  const Tasks tasks;
  EXPECT_TRUE(tasks.none());
  std::optional first{tasks.begin()};
  std::optional second{tasks.begin()};
  EXPECT_FALSE(tasks.none());
  first.reset();
  EXPECT_FALSE(tasks.none());
  second.reset();
  EXPECT_TRUE(tasks.none());
}

TEST(TasksTest, TaskThatMovesIsCountedOnce) {
  const Tasks tasks;
  std::optional first{tasks.begin()};
  std::optional second{std::move(*first)};
  first.reset();
  EXPECT_FALSE(tasks.none());
  second.reset();
  EXPECT_TRUE(tasks.none());
}

TEST(TasksTest, TaskMayOutliveThem) {
  std::optional<Tasks> tasks{std::in_place};
  const auto running = tasks->begin();
  tasks.reset();  // as the frames of a loop that was stopped do
  SUCCEED();
}

}  // namespace
}  // namespace pgrepl::loop
