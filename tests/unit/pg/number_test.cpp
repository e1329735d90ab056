#include "pg/number.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Reading {
  const char* text;
  std::optional<double> value;
};

class ToNumber : public ::testing::TestWithParam<Reading> {};

TEST_P(ToNumber, ReadsWhatPostgresWrites) {
  EXPECT_EQ(to_number(GetParam().text), GetParam().value) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Texts,
    ToNumber,
    ::testing::Values(
        Reading{"0", 0},
        Reading{"-12.5", -12.5},
        Reading{"1e-7", 1e-7},
        Reading{"t", 1},
        Reading{"false", 0},
        Reading{"Infinity", kInfinity},
        Reading{"-Infinity", -kInfinity},
        Reading{"infinity", kInfinity},  // a timestamp's
        Reading{"1970-01-01 00:00:01+00", 1},
        Reading{"1970-01-02", 86400},
        Reading{"2026-11-21 09:30:15.25+00", 1795253415.25},
        Reading{"2026-11-21 06:30:15.25-03", 1795253415.25},
        Reading{"2026-11-21 13:00:15.25+03:30", 1795253415.25},
        Reading{"2026-11-21 09:30:15.25", 1795253415.25},
        Reading{"00:00:05.5", 5.5},
        Reading{"-00:00:05", -5},
        Reading{"1 day 02:00:00", 93600},
        Reading{"2 days", 172800},
        Reading{"-1 days +02:00:00", -79200},
        Reading{"1 year 2 mons 3 days", 31557600.0 + 5184000 + 259200},
        Reading{"", std::nullopt},
        Reading{"streaming", std::nullopt},
        Reading{"16/B374D848", std::nullopt},
        Reading{"\\x0a", std::nullopt},
        Reading{"2026-13-41", std::nullopt},
        Reading{"1 week", std::nullopt},
        Reading{"12:", std::nullopt},
        Reading{"{1,2}", std::nullopt}
    )
);

TEST(ToNumber, NotANumberIsOne) {
  ASSERT_TRUE(to_number("NaN"));
  EXPECT_TRUE(std::isnan(*to_number("NaN")));
}

TEST(ToNumbers, ReadsAFlatArray) {
  EXPECT_EQ(to_numbers("{}"), std::vector<double>{});
  EXPECT_EQ(to_numbers("{1,2.5,Infinity}"), (std::vector<double>{1, 2.5, kInfinity}));
  EXPECT_EQ(to_numbers("{1,NULL}"), std::nullopt);
  EXPECT_EQ(to_numbers("{{1},{2}}"), std::nullopt);
  EXPECT_EQ(to_numbers("1,2"), std::nullopt);
}

TEST(ToNumber, ADateBeyondAnyCalendarIsNone) {
  EXPECT_EQ(to_number(std::string(80, '8') + "2026-11-21"), std::nullopt);
  EXPECT_EQ(to_number("2026-" + std::string(80, '8') + "-21"), std::nullopt);
  EXPECT_EQ(to_number("99999-01-01"), std::nullopt);
}

}  // namespace
}  // namespace pgrepl::pg
