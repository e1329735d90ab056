#include "support/growth.h"

#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

// A minute apart.
std::vector<Reading> readings(const std::vector<double>& values) {
  std::vector<Reading> all;
  for (const double value : values) {
    all.push_back({std::chrono::minutes{all.size()}, value});
  }
  return all;
}

TEST(Growth, SteadyGrowthIsItsSlope) {
  EXPECT_DOUBLE_EQ(slope(readings({10, 16, 22, 28})), 0.1);
  EXPECT_DOUBLE_EQ(growth(readings({10, 16, 22, 28})), 18);
}

TEST(Growth, FigureThatComesBackDoesNotGrow) {
  EXPECT_DOUBLE_EQ(growth(readings({10, 12, 10, 12, 10, 12, 10})), 0);
}

TEST(Growth, OneOutlierDoesNotCount) {
  EXPECT_DOUBLE_EQ(growth(readings({10, 10, 10, 10, 10, 99})), 0);
  EXPECT_DOUBLE_EQ(growth(readings({99, 10, 10, 10, 10, 10})), 0);
}

TEST(Growth, LeakShowsThroughNoiseThatIsLarger) {
  std::vector<double> values;
  for (int i = 0; i < 40; ++i) {
    values.push_back(100 + i + (i % 3 == 0 ? 5 : -5));
  }
  EXPECT_NEAR(growth(readings(values)), 39, 4);
}

TEST(Growth, OneReadingDoesNotGrow) {
  EXPECT_DOUBLE_EQ(growth(readings({})), 0);
  EXPECT_DOUBLE_EQ(growth(readings({7})), 0);
}

}  // namespace
}  // namespace pgrepl::testing
