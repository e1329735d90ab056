#include "config/limits.h"

#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

Limits read(const std::string& text, Errors& errors) {
  return read_limits(yaml::parse(text, "limits.yaml").value(), errors);
}

TEST(Limits, SizesSayTheirUnit) {
  EXPECT_EQ(parse_bytes("32MiB"), std::size_t{32} << 20U);
  EXPECT_EQ(parse_bytes("4KiB"), 4096U);
  EXPECT_EQ(parse_bytes("1GiB"), std::size_t{1} << 30U);
  EXPECT_EQ(parse_bytes("512B"), 512U);
  for (const char* wrong : {"", "32", "MiB", "-1MiB", "32MB", "32 MiB", "99999999999GiB"}) {
    EXPECT_EQ(parse_bytes(wrong), std::nullopt) << wrong;
  }
}

TEST(Limits, AreReadWithTheirDefaults) {
  Errors errors;
  EXPECT_EQ(read("{}", errors), Limits{});
  const Limits limits = read(
      "{ answer_bytes: 1MiB, text_bytes: 1KiB, series_per_server: 2000, "
      "min_round_interval: 1s, discovered_servers: 5 }",
      errors
  );
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(limits.answer_bytes, std::size_t{1} << 20U);
  EXPECT_EQ(limits.text_bytes, 1024U);
  EXPECT_EQ(limits.series_per_server, 2000U);
  EXPECT_EQ(limits.min_round_interval, std::chrono::seconds{1});
  EXPECT_EQ(limits.discovered_servers, 5U);
}

TEST(Limits, MistakesAreErrorsWithTheirPlace) {
  for (const char* wrong :
       {"{ answer_bytes: 10 }",
        "{ answer_bytes: 1KiB }",
        "{ text_bytes: 2MiB }",
        "{ series_per_server: 1 }",
        "{ min_round_interval: 2m }",
        "{ discovered_servers: 0 }",
        "{ other: 1 }"}) {
    Errors errors;
    (void)read(wrong, errors);
    EXPECT_EQ(errors.size(), 1U) << wrong;
  }
}

}  // namespace
}  // namespace pgrepl::config
