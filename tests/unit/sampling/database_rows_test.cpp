#include "sampling/database_rows.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

pg::ResultSet one_count(const std::string& column, const std::string& value) {
  pg::ResultSet rows{{column}};
  rows.append(value);
  return rows;
}

TEST(DatabaseRows, SayWhichDatabaseTheyAreFrom) {
  DatabaseRows rows;
  EXPECT_TRUE(rows.add("postgres", one_count("count", "1")));
  EXPECT_TRUE(rows.add("shop", one_count("count", "2")));
  ASSERT_EQ(rows.merged()->rows(), 2U);
  EXPECT_EQ(rows.merged()->at(0, "datname"), "postgres");
  EXPECT_EQ(rows.merged()->at(1, "datname"), "shop");
  EXPECT_EQ(rows.merged()->at(1, "count"), "2");
}

TEST(DatabaseRows, ThatNameTheirDatabaseStayAsTheyAre) {
  DatabaseRows rows;
  EXPECT_TRUE(rows.add("shop", one_count("datname", "from the query")));
  EXPECT_EQ(rows.merged()->columns(), std::vector<std::string>{"datname"});
  EXPECT_EQ(rows.merged()->at(0, "datname"), "from the query");
}

TEST(DatabaseRows, OfOtherColumnsAreLeftOut) {
  DatabaseRows rows;
  EXPECT_TRUE(rows.add("postgres", one_count("count", "1")));
  EXPECT_FALSE(rows.add("shop", one_count("size", "2")));
  EXPECT_EQ(rows.merged()->rows(), 1U);
}

TEST(DatabaseRows, OfNoDatabaseAreAbsent) {
  EXPECT_FALSE(DatabaseRows{}.merged());
}

}  // namespace
}  // namespace pgrepl::sampling
