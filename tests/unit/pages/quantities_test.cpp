#include "pages/quantities.h"

#include <limits>

#include <gtest/gtest.h>

namespace pgrepl::pages {
namespace {

TEST(Quantities, TimesHaveTheUnitPeopleThinkIn) {
  const auto text = [](double seconds) { return format_time(cluster::Seconds{seconds}); };
  EXPECT_EQ(text(0), "0 s");
  EXPECT_EQ(text(0.0123), "12 ms");
  EXPECT_EQ(text(1), "1 s");
  EXPECT_EQ(text(2.54), "2.5 s");
  EXPECT_EQ(text(12.06), "12 s");
  EXPECT_EQ(text(59.7), "1 min");
  EXPECT_EQ(text(200), "3 min 20 s");
  EXPECT_EQ(text(3600), "1 h");
  EXPECT_EQ(text(14700), "4 h 5 min");
  EXPECT_EQ(text(97200), "1 d 3 h");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "never");
  EXPECT_EQ(format_time(std::nullopt), "–");
}

TEST(Quantities, BytesAreInPostgresqlsUnits) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1000), "1000 B");
  EXPECT_EQ(format_bytes(1536), "1.5 kB");
  EXPECT_EQ(format_bytes(16777216), "16 MB");
  EXPECT_EQ(format_bytes(1048575), "1 MB");
  EXPECT_EQ(format_bytes(std::numeric_limits<std::uint64_t>::max()), "16384 PB");
  EXPECT_EQ(format_bytes(std::nullopt), "–");
}

TEST(Quantities, TimestampsAreUtcWithMilliseconds) {
  EXPECT_EQ(format_timestamp(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_timestamp(1.7e9 + 0.0625), "2023-11-14T22:13:20.063Z");
}

TEST(Quantities, SizesAreReadInPostgresqlsUnits) {
  EXPECT_EQ(parse_bytes("1024"), 1024U);
  EXPECT_EQ(parse_bytes("0"), 0U);
  EXPECT_EQ(parse_bytes("512kB"), 524288U);
  EXPECT_EQ(parse_bytes("16MB"), 16777216U);
  for (const char* text : {"", "MB", "-1", "16 MB", "16mb", "1.5MB", "16MBx", "99999999999PB"}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
}

}  // namespace
}  // namespace pgrepl::pages
