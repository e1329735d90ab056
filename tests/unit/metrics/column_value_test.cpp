#include "metrics/column_value.h"

#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

using catalogue::Column;
using catalogue::ColumnUsage;

TEST(ColumnValue, IsScaled) {
  EXPECT_EQ(column_value({.usage = ColumnUsage::Gauge, .scale = 0.001}, "250"), 0.25);
}

TEST(ColumnValue, MappedTextIsItsNumberAndOthersAreUnknown) {
  const Column state{.usage = ColumnUsage::Mapped, .mapping = {{"on", 1}, {"off", 0}}};
  EXPECT_EQ(column_value(state, "on"), 1);
  EXPECT_EQ(column_value(state, "off"), 0);
  EXPECT_EQ(column_value(state, "1"), std::nullopt);
}

TEST(DurationMilliseconds, ReadsUnitsAndIntervals) {
  EXPECT_EQ(duration_milliseconds("250ms"), 250);
  EXPECT_EQ(duration_milliseconds("1h30m"), 5400000);
  EXPECT_EQ(duration_milliseconds("1.5s"), 1500);
  EXPECT_EQ(duration_milliseconds("00:00:02"), 2000);
  EXPECT_EQ(duration_milliseconds("-1"), std::nullopt);
  EXPECT_EQ(duration_milliseconds("5"), std::nullopt);
  EXPECT_EQ(duration_milliseconds("5 parsecs"), std::nullopt);
}

TEST(ToSeriesName, KeepsLettersDigitsAndUnderscores) {
  EXPECT_EQ(to_series_name("pg_stat_statements.max"), "pg_stat_statements_max");
  EXPECT_EQ(to_series_name("a-b c"), "a_b_c");
}

TEST(HistogramOf, NeedsAllItsColumns) {
  const Column h{.name = "h", .usage = ColumnUsage::Histogram};
  pg::ResultSet rows{{"h", "h_bucket", "h_sum", "h_count"}};
  for (const char* cell : {"{1,2}", "{3,4}", "9", "5"}) {
    rows.append(cell);
  }
  const auto histogram = histogram_of(h, rows, 0);
  ASSERT_TRUE(histogram);
  EXPECT_EQ(histogram->sample_count, 5U);
  EXPECT_EQ(histogram->sample_sum, 9);
  ASSERT_EQ(histogram->bucket.size(), 3U);
  EXPECT_EQ(histogram->bucket[1].cumulative_count, 4U);
  pg::ResultSet without{{"h", "h_sum", "h_count"}};
  for (const char* cell : {"{1,2}", "9", "5"}) {
    without.append(cell);
  }
  EXPECT_FALSE(histogram_of(h, without, 0));
}

}  // namespace
}  // namespace pgrepl::metrics
