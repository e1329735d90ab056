#include "pg/result_set.h"

#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

TEST(ResultSet, TellsNullFromAnEmptyText) {
  ResultSet result{{"name", "lag"}};
  result.append("a");
  result.append(std::nullopt);
  result.append("");
  result.append("2");
  ASSERT_EQ(result.rows(), 2U);
  EXPECT_EQ(result.at(0, "name"), "a");
  EXPECT_EQ(result.at(0, "lag"), std::nullopt);
  EXPECT_EQ(result.at(1, "name"), "");
  EXPECT_EQ(result.at(1, 1), "2");
}

TEST(ResultSet, AColumnItLacksIsAbsent) {
  ResultSet result{{"name"}};
  result.append("a");
  EXPECT_EQ(result.column("name"), 0U);
  EXPECT_EQ(result.column("lag"), std::nullopt);
  EXPECT_EQ(result.at(0, "lag"), std::nullopt);
}

TEST(ResultSet, WithoutColumnsItHasNoRows) {
  EXPECT_EQ(ResultSet{{}}.rows(), 0U);
}

}  // namespace
}  // namespace pgrepl::pg
