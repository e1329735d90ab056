#include "exposition/exposition.h"

#include "exposition/family.h"

#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace pgrepl::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Families beside the same ones of the library.
class Both {
 public:
  void add(
      const std::string& name,
      MetricType type,
      const std::string& help,
      std::initializer_list<Label> labels,
      double value
  ) {
    EXPECT_TRUE(ours_.add(name, type, help, labels, value));
    ClientMetric& sample = sample_of(name, type, help, labels);
    sample.counter.value = value;
    sample.gauge.value = value;
    sample.untyped.value = value;
  }

  void add_histogram(
      const std::string& name,
      std::initializer_list<Label> labels,
      const ClientMetric::Histogram& histogram
  ) {
    EXPECT_TRUE(ours_.add_histogram(name, "Help", labels, histogram));
    sample_of(name, MetricType::Histogram, "Help", labels).histogram = histogram;
  }

  void expect_one_text() && {
    ASSERT_FALSE(theirs_.empty());
    EXPECT_EQ(render(std::move(ours_).take()), prometheus::TextSerializer{}.Serialize(theirs_));
  }

 private:
  ClientMetric& sample_of(
      const std::string& name,
      MetricType type,
      const std::string& help,
      std::initializer_list<Label> labels
  ) {
    if (theirs_.empty() || theirs_.back().name != name) {
      theirs_.push_back({name, help, type, {}});
    }
    ClientMetric& sample = theirs_.back().metric.emplace_back();
    for (const Label& label : labels) {
      sample.label.push_back({std::string{label.name}, std::string{label.value}});
    }
    return sample;
  }

  Families ours_;
  std::vector<prometheus::MetricFamily> theirs_;
};

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
    Both families;
    for (std::size_t i = 0; i < std::size(values); ++i) {
      families.add("a", type, "Values", {{"i", std::to_string(i)}}, values[i]);
    }
    std::move(families).expect_one_text();
  }
}

TEST(Render, LabelsAreEscapedAsTheLibraryDoes) {
  Both families;
  families.add("a", MetricType::Gauge, "", {}, 1);
  families.add("a", MetricType::Gauge, "", {{"x", "quote \" back \\ line \n tab \t é"}}, 2);
  families.add("a", MetricType::Gauge, "", {{"x", ""}, {"y", "{,}="}}, 3);
  families.add("b", MetricType::Untyped, "Has help", {{"x", "\r"}}, 4);
  std::move(families).expect_one_text();
}

TEST(Render, HistogramsAreTheLibrarysWithOrWithoutTheirLastBound) {
  Both families;
  prometheus::ClientMetric::Histogram whole{3, 0.75, {{1, 0.005}, {2, 1}, {3, kInfinity}}};
  prometheus::ClientMetric::Histogram cut{3, 1e-9, {{1, 0.1}, {2, 2.5}}};
  families.add_histogram("a", {{"x", "1"}}, whole);
  families.add_histogram("a", {}, cut);
  families.add_histogram("b", {}, {});
  std::move(families).expect_one_text();
}

}  // namespace
}  // namespace pgrepl::metrics
