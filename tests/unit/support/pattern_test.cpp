#include "support/pattern.h"

#include <gtest/gtest.h>

namespace pgrepl {
namespace {

TEST(Pattern, StarStandsForAnyText) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", "shop"));
  EXPECT_TRUE(matches("app_*", "app_"));
  EXPECT_TRUE(matches("*_test*", "a_test_b"));
  EXPECT_TRUE(matches("a*b*b", "a_b_c_b"));
  EXPECT_FALSE(matches("a*b", "a_b_c"));
  EXPECT_FALSE(matches("app_*", "app"));
}

TEST(Pattern, EverythingElseStandsForItself) {
  EXPECT_TRUE(matches("shop.db", "shop.db"));
  EXPECT_FALSE(matches("shop.db", "shopxdb"));
  EXPECT_FALSE(matches("", "shop"));
  EXPECT_TRUE(matches("", ""));
}

TEST(Pattern, ManyStarsCostNoTime) {
  EXPECT_FALSE(matches("*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(Pattern, OneOfSeveralIsEnough) {
  EXPECT_TRUE(matches_any({"postgres", "app_*"}, "app_1"));
  EXPECT_FALSE(matches_any({"postgres", "app_*"}, "template1"));
  EXPECT_FALSE(matches_any({}, "template1"));
}

}  // namespace
}  // namespace pgrepl
