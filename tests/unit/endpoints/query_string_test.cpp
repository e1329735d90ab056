#include "endpoints/query_string.h"

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

TEST(QueryValue, IsTheFirstOfItsNameDecoded) {
  EXPECT_EQ(query_value("a=1&b=2&b=3", "b"), "2");
  EXPECT_EQ(query_value("name=pg%2D1%3a5432+x", "name"), "pg-1:5432 x");
  EXPECT_EQ(query_value("collect%5B%5D=wal", "collect[]"), "wal");
  EXPECT_EQ(query_value("flag&a=1", "flag"), "");
  EXPECT_EQ(query_value("a=b=c", "a"), "b=c");
}

TEST(QueryValue, IsAbsentWhenNobodySentIt) {
  EXPECT_FALSE(query_value("", "a"));
  EXPECT_FALSE(query_value("ab=1&&", "a"));
}

TEST(QueryValue, BrokenEscapesStayAsTheyAre) {
  EXPECT_EQ(query_value("a=100%", "a"), "100%");
  EXPECT_EQ(query_value("a=%zz%4", "a"), "%zz%4");
}

TEST(QueryValue, IsDecodedOnceAndByteForByte) {
  EXPECT_EQ(query_value("a=%2541", "a"), "%41");
  EXPECT_EQ(query_value("a=%26b%3D1", "a"), "&b=1") << "what was escaped separates nothing";
  EXPECT_FALSE(query_value("a=%26b%3D1", "b"));
  EXPECT_EQ(query_value("a=%c3%A9", "a"), "\xC3\xA9");
  EXPECT_EQ(query_value("a=%+1", "a"), "% 1");
  EXPECT_EQ(query_value("a=%-1%0x", "a"), "%-1%0x");
  EXPECT_EQ(query_value("=x", ""), "x");
  EXPECT_EQ(query_value("a%00=1", std::string_view{"a\0", 2}), "1");
}

TEST(QueryValues, AreAllOfAName) {
  EXPECT_EQ(
      query_values("collect[]=a&x=y&collect%5B%5D=b+c&collect[]", "collect[]"),
      (std::vector<std::string>{"a", "b c", ""})
  );
  EXPECT_TRUE(query_values("a=1", "b").empty());
}

}  // namespace
}  // namespace pgrepl::http
