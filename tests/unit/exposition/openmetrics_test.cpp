#include "exposition/openmetrics.h"

#include "exposition/exposition.h"
#include "exposition/family.h"

#include <limits>

#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

using prometheus::MetricType;

std::string converted(MetricType type, const std::string& name, const std::string& help) {
  Families families;
  families.add(name, type, help, {{"a", "x \"y\" le=\"1\""}}, 1.5);
  return to_openmetrics(render(std::move(families).take()));
}

const std::string kSample = "{a=\"x \\\"y\\\" le=\\\"1\\\"\"} 1.5\n# EOF\n";

TEST(OpenMetrics, EmptyPageHasAnEnd) {
  EXPECT_EQ(to_openmetrics(""), "# EOF\n");
}

TEST(OpenMetrics, FamilyOfACounterLacksTheSuffixOfItsSamples) {
  EXPECT_EQ(
      converted(MetricType::Counter, "errors_total", "Errors"),
      "# HELP errors Errors\n# TYPE errors counter\nerrors_total" + kSample
  );
}

TEST(OpenMetrics, CounterOfAnotherNameIsUnknown) {
  EXPECT_EQ(
      converted(MetricType::Counter, "xact_commit", "Commits"),
      "# HELP xact_commit Commits\n# TYPE xact_commit unknown\nxact_commit" + kSample
  );
}

TEST(OpenMetrics, CounterWhoseFamilyNameIsTakenIsUnknown) {
  Families families;
  families.add("slots", MetricType::Gauge, "Slots", {}, 2);
  families.add("slots_total", MetricType::Counter, "Slots made", {}, 3);
  EXPECT_EQ(
      to_openmetrics(render(std::move(families).take())),
      "# HELP slots Slots\n# TYPE slots gauge\nslots 2\n"
      "# HELP slots_total Slots made\n# TYPE slots_total unknown\nslots_total 3\n# EOF\n"
  );
}

TEST(OpenMetrics, GaugesStayAndUntypedIsUnknown) {
  EXPECT_EQ(
      converted(MetricType::Gauge, "up", "Is \"up\""),
      "# HELP up Is \\\"up\\\"\n# TYPE up gauge\nup" + kSample
  );
  EXPECT_EQ(converted(MetricType::Untyped, "u", ""), "# TYPE u unknown\nu" + kSample);
}

TEST(OpenMetrics, BoundsOfBucketsAreFloatingPointNumbers) {
  prometheus::ClientMetric::Histogram rounds;
  rounds.sample_count = 1;
  rounds.sample_sum = 0.7;
  rounds.bucket = {{0, 0.5}, {1, 1.0}, {1, std::numeric_limits<double>::infinity()}};
  Families families;
  families.add_histogram("round_seconds", "Rounds", {}, rounds);
  const std::string page = to_openmetrics(render(std::move(families).take()));
  EXPECT_NE(page.find("# TYPE round_seconds histogram\n"), std::string::npos);
  EXPECT_NE(page.find("round_seconds_bucket{le=\"0.5\"} 0\n"), std::string::npos) << page;
  EXPECT_NE(page.find("round_seconds_bucket{le=\"1.0\"} 1\n"), std::string::npos);
  EXPECT_NE(page.find("round_seconds_bucket{le=\"+Inf\"} 1\n"), std::string::npos);
}

}  // namespace
}  // namespace pgrepl::metrics
