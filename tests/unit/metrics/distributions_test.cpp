#include "metrics/distributions.h"

#include "metrics/query_families.h"
#include "pg/result_set.h"

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

// "NAME{labels}" of each sample, without the labels of the server, and its value.
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
    for (const auto& sample : family.metric) {
      std::string key = family.name;
      for (const Label& label : sample.label) {
        key += " " + label.value;
      }
      result.samples[key] = sample.gauge.value;
    }
  }
  return result;
}

TEST(Distributions, EachRowIsAnObservationOfItsLabels) {
  const Result result = distribute({{"a", "500"}, {"a", "501"}, {"a", "200000000"}, {"b", "0"}});
  const std::map<std::string, double> expected{
      {"app_wait_bucket a 0.5", 1},
      {"app_wait_bucket a 100000", 2},
      {"app_wait_bucket a +Inf", 3},
      {"app_wait_sum a", 200001.001},
      {"app_wait_count a", 3},
      {"app_wait_bucket b 0.5", 1},
      {"app_wait_bucket b 100000", 1},
      {"app_wait_bucket b +Inf", 1},
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
