#include "support/suggest.h"

#include <array>

#include <gtest/gtest.h>

namespace pgrepl {
namespace {

constexpr std::array<std::string_view, 4> kWords{"host", "port", "password", "password_file"};

TEST(Closest, FindsTheWordThatATypoMeant) {
  EXPECT_EQ(closest("hsot", kWords), std::nullopt);  // two edits in four letters
  EXPECT_EQ(closest("hots", kWords), std::nullopt);
  EXPECT_EQ(closest("hos", kWords), "host");
  EXPECT_EQ(closest("pasword", kWords), "password");
  EXPECT_EQ(closest("passwordfile", kWords), "password_file");
}

TEST(Closest, FindsNothingWhereNothingIsClose) {
  EXPECT_EQ(closest("xyz", kWords), std::nullopt);
  EXPECT_EQ(closest("", kWords), std::nullopt);
  EXPECT_EQ(closest("host", {}), std::nullopt);
}

}  // namespace
}  // namespace pgrepl
