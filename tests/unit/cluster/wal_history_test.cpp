#include "cluster/wal_history.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using testing::instant;
using testing::lsn;

WalHistory history(std::initializer_list<std::pair<double, const char*>> points) {
  WalHistory made;
  for (const auto& [at, position] : points) {
    made.note(lsn(position), instant(at));
  }
  return made;
}

double seconds_of(Instant at) {
  return Seconds{at - instant(0)}.count();
}

TEST(WalHistory, IsEmptyAtFirst) {
  const WalHistory empty;
  EXPECT_EQ(empty.passed_at(lsn("0/1")), std::nullopt);
  EXPECT_EQ(empty.position_at(instant(0)), std::nullopt);
  EXPECT_EQ(empty.bytes_per_second(Seconds{60}), std::nullopt);
  EXPECT_EQ(empty.newest(), std::nullopt);
}

TEST(WalHistory, InterpolatesBetweenTwoTicks) {
  const auto passed = history({{0, "0/1000"}, {1, "0/2000"}}).passed_at(lsn("0/1400"));
  ASSERT_TRUE(passed);
  EXPECT_EQ(passed->earliest, instant(0));
  EXPECT_EQ(passed->latest, instant(1));
  EXPECT_NEAR(seconds_of(passed->estimate), 0.25, 1e-9);
}

TEST(WalHistory, PlateauMapsToItsLastInstant) {
  const auto made = history({{0, "0/1000"}, {1, "0/1000"}, {2, "0/1000"}, {3, "0/2000"}});
  const auto passed = made.passed_at(lsn("0/1000"));
  ASSERT_TRUE(passed);
  EXPECT_EQ(passed->estimate, instant(2));
  EXPECT_EQ(passed->latest, instant(3));
}

TEST(WalHistory, PlateauCostsTwoPoints) {
  WalHistory idle;
  for (int i = 0; i < 100000; ++i) {
    idle.note(lsn("0/1000"), instant(i));
  }
  EXPECT_EQ(idle.points().size(), 2U);
  EXPECT_EQ(idle.passed_at(lsn("0/1000"))->estimate, instant(99999));
}

TEST(WalHistory, PositionNotPassedYetIsAsOldAsTheNewestPoint) {
  const auto passed = history({{0, "0/1000"}, {1, "0/2000"}}).passed_at(lsn("0/3000"));
  EXPECT_EQ(passed, (PassedAt{instant(1), instant(1), instant(1)}));
}

TEST(WalHistory, PositionOlderThanTheHistoryIsNotKnown) {
  EXPECT_EQ(history({{0, "0/1000"}, {1, "0/2000"}}).passed_at(lsn("0/FFF")), std::nullopt);
}

TEST(WalHistory, IgnoresReadingsThatAreNotNewer) {
  const auto made = history({{0, "0/1000"}, {1, "0/2000"}, {1, "0/9000"}, {0.5, "0/9000"}});
  EXPECT_EQ(made.newest(), (WalHistory::Point{instant(1), lsn("0/2000")}));
}

TEST(WalHistory, PrimaryThatLostUnflushedWalTakesItBack) {
  const auto made = history({{0, "0/1000"}, {1, "0/3000"}, {2, "0/2000"}, {3, "0/4000"}});
  EXPECT_NEAR(seconds_of(made.passed_at(lsn("0/3000"))->estimate), 2.5, 1e-9);
}

TEST(WalHistory, RateIsThatOfTheWindow) {
  const auto made = history({{0, "0/0001"}, {60, "0/1"}, {120, "0/1771"}});
  EXPECT_NEAR(made.bytes_per_second(Seconds{60}).value(), 100, 1e-6);
  EXPECT_NEAR(made.bytes_per_second(Seconds{30}).value(), 100, 1e-6);
}

TEST(WalHistory, MonthOfTicksStaysWithinItsCapacityAndItsHonesty) {
  WalHistory month;
  constexpr int kSeconds = 30 * 86400;
  for (int i = 0; i < kSeconds; i += i < kSeconds - 4000 ? 15 : 1) {
    month.note(pg::Lsn{1000U + static_cast<std::uint64_t>(i) * 100}, instant(i));
  }
  EXPECT_LE(month.points().capacity(), WalHistory::kCapacity);
  for (const int age : {10, 600, 3600, 86400, 7 * 86400, 29 * 86400}) {
    const int when = kSeconds - age;
    const auto passed = month.passed_at(pg::Lsn{1000U + static_cast<std::uint64_t>(when) * 100});
    ASSERT_TRUE(passed) << age;
    EXPECT_NEAR(seconds_of(passed->estimate), when, 1.0) << age;
    const double width = Seconds{passed->latest - passed->earliest}.count();
    EXPECT_LE(width, age <= 600 ? 1.0 : age * 0.02) << age;
  }
}

TEST(WalHistory, BurstsEveryFewTicksNeverExceedTheCapacity) {
  WalHistory made;
  for (int i = 0; i < 200000; ++i) {
    made.note(pg::Lsn{1U + static_cast<std::uint64_t>(i)}, instant(i * 0.1));
    ASSERT_LE(made.points().size(), WalHistory::kCapacity);
  }
  const auto passed = made.passed_at(pg::Lsn{1U + 199990U});
  EXPECT_NEAR(seconds_of(passed->estimate), 19999.0, 0.2);
}

}  // namespace
}  // namespace pgrepl::cluster
