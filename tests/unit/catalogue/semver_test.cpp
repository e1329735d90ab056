#include "catalogue/semver.h"

#include <gtest/gtest.h>

namespace pgrepl::catalogue {
namespace {

struct Range {
  const char* text;
  std::optional<VersionSpan> span;
};

class SemverRange : public ::testing::TestWithParam<Range> {};

TEST_P(SemverRange, IsTheServersVersionNumbers) {
  EXPECT_EQ(parse_semver_range(GetParam().text), GetParam().span) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    SemverRange,
    ::testing::Values(
        Range{">=13.0.0", VersionSpan{.from = 130000}},
        Range{"<17.0.0", VersionSpan{.before = 170000}},
        Range{">=13.0.0 <17.0.0", VersionSpan{.from = 130000, .before = 170000}},
        Range{">= 13.4.0 < 17", VersionSpan{.from = 130004, .before = 170000}},
        Range{">9.6.0", VersionSpan{.from = 90601}},
        Range{"<=15.2", VersionSpan{.before = 150003}},
        Range{"15.2.0", VersionSpan{.from = 150002, .before = 150003}},
        Range{"", std::nullopt},
        Range{"new", std::nullopt},
        Range{">=13 || <9", std::nullopt},
        Range{"~13.0", std::nullopt},
        Range{">=1.2.3.4", std::nullopt},
        Range{">=400000000.0.0", std::nullopt},
        Range{">=13.-1.0", std::nullopt}
    )
);

}  // namespace
}  // namespace pgrepl::catalogue
