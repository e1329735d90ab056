#include "cluster/activity.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

DatabaseTotals totals(int second, double transactions, double hit, double read) {
  return {
      .transactions = transactions,
      .blocks_hit = hit,
      .blocks_read = read,
      .read_at = Instant{} + std::chrono::seconds{second},
  };
}

TEST(ActivityHistory, SaysNothingFromOneReading) {
  ActivityHistory history;
  history.note(totals(10, 100, 90, 10));
  history.note(totals(10, 100, 90, 10));
  EXPECT_FALSE(history.last_minute().transactions_per_second);
  EXPECT_FALSE(history.last_minute().cache_hit_ratio);
}

TEST(ActivityHistory, LooksBackOneMinute) {
  ActivityHistory history;
  // A thousand a second and everything from disk, and then ten a second and three of four cached.
  for (int second = 0; second <= 60; second += 15) {
    history.note(totals(second, 1000.0 * second, 0, 100.0 * second));
  }
  for (int second = 75; second <= 180; second += 15) {
    history.note(
        totals(second, 60000 + 10.0 * (second - 60), 3.0 * (second - 60), 6000.0 + second - 60)
    );
  }
  EXPECT_DOUBLE_EQ(*history.last_minute().transactions_per_second, 10);
  EXPECT_DOUBLE_EQ(*history.last_minute().cache_hit_ratio, 0.75);
}

TEST(ActivityHistory, BeginsAnewWhenTheStatisticsWereReset) {
  ActivityHistory history;
  history.note(totals(0, 5000, 90, 10));
  history.note(totals(15, 40, 0, 0));
  EXPECT_FALSE(history.last_minute().transactions_per_second);
  history.note(totals(25, 60, 0, 0));
  EXPECT_DOUBLE_EQ(*history.last_minute().transactions_per_second, 2);
}

TEST(ActivityHistory, HasNoRatioWhenNoBlockWasAskedFor) {
  ActivityHistory history;
  history.note(totals(0, 0, 7, 7));
  history.note(totals(15, 30, 7, 7));
  EXPECT_FALSE(history.last_minute().cache_hit_ratio);
}

TEST(ActivityHistory, ScrapesInCloseSuccessionDoNotShortenTheMinute) {
  ActivityHistory history;
  for (int second = 0; second <= 120; ++second) {
    history.note(totals(second, second < 60 ? 0 : second - 60, 0, 0));
  }
  EXPECT_NEAR(*history.last_minute().transactions_per_second, 1, 0.1);
}

}  // namespace
}  // namespace pgrepl::cluster
