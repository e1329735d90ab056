#include "watch/watchdog.h"

#include <gtest/gtest.h>

namespace pgrepl::watch {
namespace {

using namespace std::chrono_literals;
using cluster::Instant;

constexpr Instant kStart{1h};

TEST(WatchdogTest, IsAliveForFiveSecondsAfterABeat) {
  Watchdog watchdog{kStart};
  EXPECT_TRUE(watchdog.is_alive(kStart + 4999ms)) << "before the first beat";
  EXPECT_FALSE(watchdog.is_alive(kStart + 5s));
  (void)watchdog.beat(kStart + 1s, kStart + 1s);
  EXPECT_TRUE(watchdog.is_alive(kStart + 5999ms));
  EXPECT_FALSE(watchdog.is_alive(kStart + 6s));
}

TEST(WatchdogTest, ComesToLifeAgainWithTheNextBeat) {
  Watchdog watchdog{kStart};
  EXPECT_FALSE(watchdog.is_alive(kStart + 1min));
  (void)watchdog.beat(kStart + 1s, kStart + 1min);
  EXPECT_TRUE(watchdog.is_alive(kStart + 1min + 1s));
}

TEST(WatchdogTest, BeatThatIsMoreThanASecondLateIsAStall) {
  Watchdog watchdog{kStart};
  EXPECT_FALSE(watchdog.beat(kStart + 1s, kStart + 1s));
  EXPECT_FALSE(watchdog.beat(kStart + 2s, kStart + 3s)) << "a second and no more";
  EXPECT_TRUE(watchdog.beat(kStart + 4s, kStart + 5001ms));
}

TEST(WatchdogTest, BeatBeforeItsTimeIsNotLate) {
  Watchdog watchdog{kStart};
  EXPECT_FALSE(watchdog.beat(kStart + 2s, kStart + 1s));
  EXPECT_EQ(watchdog.longest_delay().count(), 0);
}

TEST(WatchdogTest, LongestDelayIsThatOfTheLastMinute) {
  Watchdog watchdog{kStart};
  Instant due = kStart;
  const auto beat = [&](std::chrono::milliseconds late) {
    due += Watchdog::kPeriod;
    (void)watchdog.beat(due, due + late);
  };
  beat(700ms);
  for (int i = 0; i < 59; ++i) {
    beat(10ms);
  }
  EXPECT_DOUBLE_EQ(watchdog.longest_delay().count(), 0.7);
  beat(10ms);
  EXPECT_DOUBLE_EQ(watchdog.longest_delay().count(), 0.01);
}

}  // namespace
}  // namespace pgrepl::watch
