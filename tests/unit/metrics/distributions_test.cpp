#include "metrics/distributions.h"

#include "metrics/query_families.h"
#include "pg/result_set.h"
#include "support/exposition.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

using Row = std::vector<std::optional<std::string>>;

catalogue::Query waits() {
  using catalogue::ColumnUsage;
  catalogue::Query made{.name = "q"};
  made.columns = {
      {.name = "queue", .usage = ColumnUsage::Label, .family = "queue"},
      {.name = "wait",
       .usage = ColumnUsage::Distribution,
       .help = "Waits",
       .family = "app_wait",
       .scale = 1e-3,
       .bounds = {0.5, 100000}},
  };
  return made;
}

// "NAME LABELS" of each sample, without the labels of the server, and its value.
struct Result {
  std::map<std::string, double> samples;
  DroppedSamples dropped;
};

Result distribute(const std::vector<Row>& values) {
  pg::ResultSet rows{{"queue", "wait"}};
  for (const Row& row : values) {
    rows.append(row.at(0));
    rows.append(row.at(1));
  }
  Families families;
  Result result;
  result.dropped = add_query_families(waits(), rows, {}, families);
  for (const auto& family : std::move(families).take()) {
    EXPECT_EQ(family.type, prometheus::MetricType::Gauge);
    for (const testing::Series& series : testing::parse_exposition(family.lines)) {
      std::string key = series.name;
      for (const auto& [name, value] : series.labels) {
        key += " " + value;
      }
      result.samples[key] = series.value;
    }
  }
  return result;
}

TEST(Distributions, EachRowIsAnObservationOfItsLabels) {
  const Result result = distribute({{"a", "500"}, {"a", "501"}, {"a", "200000000"}, {"b", "0"}});
  const std::map<std::string, double> expected{
      {"app_wait_bucket 0.5 a", 1},
      {"app_wait_bucket 100000 a", 2},
      {"app_wait_bucket +Inf a", 3},
      {"app_wait_sum a", 200001.001},
      {"app_wait_count a", 3},
      {"app_wait_bucket 0.5 b", 1},
      {"app_wait_bucket 100000 b", 1},
      {"app_wait_bucket +Inf b", 1},
      {"app_wait_sum b", 0},
      {"app_wait_count b", 1},
  };
  EXPECT_EQ(result.samples, expected);
  EXPECT_EQ(result.dropped.duplicates, 0U);
}

TEST(Distributions, NullIsNoObservationAndTextIsCounted) {
  const Result result = distribute({{"a", std::nullopt}, {"b", "words"}});
  EXPECT_TRUE(result.samples.empty());
  EXPECT_EQ(result.dropped.unreadable, 1U);
  EXPECT_EQ(result.dropped.first_unreadable, "wait");
}

}  // namespace
}  // namespace pgrepl::metrics
