#include "pg/server_version.h"

#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

TEST(ServerVersion, IsMajorAndMinor) {
  EXPECT_EQ(to_string(ServerVersion{150008}), "15.8");
  EXPECT_EQ(ServerVersion{180000}.major(), 18);
  EXPECT_LT(ServerVersion{130022}, ServerVersion{140000});
}

struct Range {
  const char* text;
  std::optional<VersionRange> range;
};

TEST(VersionRange, ReadsItsFourForms) {
  const Range ranges[] = {
      {">= 17", VersionRange{.first = 17}},
      {">=17", VersionRange{.first = 17}},
      {"< 17", VersionRange{.last = 16}},
      {"13 .. 16", VersionRange{.first = 13, .last = 16}},
      {" 15 ", VersionRange{.first = 15, .last = 15}},
      {"", std::nullopt},
      {"16 .. 13", std::nullopt},
      {"> 17", std::nullopt},
      {"<= 17", std::nullopt},
      {"15.2", std::nullopt},
      {"x", std::nullopt},
      {"0", std::nullopt},
      {"13 ..", std::nullopt},
  };
  for (const Range& range : ranges) {
    EXPECT_EQ(VersionRange::parse(range.text), range.range) << range.text;
  }
}

TEST(ServerVersion, WhatIsOlderThanTheOldestSupportedOneIsRefusedInASentence) {
  EXPECT_EQ(
      why_unsupported(ServerVersion{120022}),
      "PostgreSQL 12.22 is not supported; the oldest that is: 13"
  );
  EXPECT_EQ(
      why_unsupported(ServerVersion{0}), "the server does not say which version of PostgreSQL it is"
  );
  EXPECT_FALSE(why_unsupported(ServerVersion{130000}));
  EXPECT_FALSE(why_unsupported(ServerVersion{190000}));
}

TEST(VersionRange, ContainsBothItsEnds) {
  const VersionRange range{.first = 13, .last = 16};
  EXPECT_TRUE(range.contains(ServerVersion{130000}));
  EXPECT_TRUE(range.contains(ServerVersion{160010}));
  EXPECT_FALSE(range.contains(ServerVersion{120022}));
  EXPECT_FALSE(range.contains(ServerVersion{170000}));
}

}  // namespace
}  // namespace pgrepl::pg
