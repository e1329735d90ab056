#include "metrics/exposition.h"

#include "metrics/family.h"

#include <limits>

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace pgrepl::metrics {
namespace {

using prometheus::MetricType;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_as_the_library_writes_it(Families families) {
  const auto taken = std::move(families).take();
  ASSERT_FALSE(taken.empty());
  EXPECT_EQ(render(taken), prometheus::TextSerializer{}.Serialize(taken));
}

TEST(Render, NumbersOfEveryKindAreTheLibrarys) {
  const double values[] = {
      0,
      -0.0,
      1,
      -1,
      0.1,
      1.0 / 3,
      1e15,
      1e15 - 1,
      1e15 + 1,
      1e16,
      -1e15,
      123456789012345678.0,
      1e22,
      1e-5,
      0.00012345,
      1e300,
      5e-324,
      1700000000.123456,
      kInfinity,
      -kInfinity,
      std::numeric_limits<double>::quiet_NaN(),
      9007199254740993.0};
  for (const auto type : {MetricType::Gauge, MetricType::Counter, MetricType::Untyped}) {
    Families families;
    for (std::size_t i = 0; i < std::size(values); ++i) {
      families.add("a", type, "Values", {{"i", std::to_string(i)}}, values[i]);
    }
    expect_as_the_library_writes_it(std::move(families));
  }
}

TEST(Render, LabelsAreEscapedAsTheLibraryDoes) {
  Families families;
  families.add("a", MetricType::Gauge, "", {}, 1);
  families.add("a", MetricType::Gauge, "", {{"x", "quote \" back \\ line \n tab \t é"}}, 2);
  families.add("a", MetricType::Gauge, "", {{"x", ""}, {"y", "{,}="}}, 3);
  families.add("b", MetricType::Untyped, "Has help", {{"x", "\r"}}, 4);
  expect_as_the_library_writes_it(std::move(families));
}

TEST(Render, HistogramsAreTheLibrarysWithOrWithoutTheirLastBound) {
  Families families;
  prometheus::ClientMetric::Histogram whole{3, 0.75, {{1, 0.005}, {2, 1}, {3, kInfinity}}};
  prometheus::ClientMetric::Histogram cut{3, 1e-9, {{1, 0.1}, {2, 2.5}}};
  families.add_histogram("a", "Whole", {{"x", "1"}}, whole);
  families.add_histogram("a", "Whole", {}, cut);
  families.add_histogram("b", "Without buckets", {}, {});
  expect_as_the_library_writes_it(std::move(families));
}

}  // namespace
}  // namespace pgrepl::metrics
