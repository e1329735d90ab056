// Proves the tools of tests that need no server.
#include "support/captured_log.h"
#include "support/exposition.h"
#include "support/manual_clock.h"
#include "support/process.h"

#include <chrono>
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using std::chrono_literals::operator""s;

TEST(ParseExposition, ReadsLabelsEscapesAndSpecialValues) {
  const auto series = parse_exposition(
      "# HELP a About a.\n# TYPE a gauge\n"
      "a 1\n"
      "b{x=\"1\",y=\"quote \\\" slash \\\\ line \\n end\"} 2.5e3 1700000000000\n"
      "c{} NaN\n"
      "c{x=\"2\",} +Inf\n"
  );
  ASSERT_EQ(series.size(), 4U);
  EXPECT_EQ(find_value(series, "a"), 1.0);
  EXPECT_EQ(find_value(series, "b", {{"x", "1"}}), 2500.0);
  EXPECT_EQ(series[1].labels.at("y"), "quote \" slash \\ line \n end");
  EXPECT_TRUE(std::isnan(series[2].value));
  EXPECT_EQ(find_value(series, "c", {{"x", "2"}}), HUGE_VAL);
}

TEST(ParseExposition, RefusesWhatIsNoSample) {
  for (const auto* page : {"a", "a{x=1} 2", "a{x=\"1} 2", "a one", "{} 1"}) {
    EXPECT_THROW((void)parse_exposition(page), std::runtime_error) << page;
  }
}

TEST(FindValue, IsAbsentOrAloneOrAnError) {
  const auto series = parse_exposition("a{x=\"1\"} 1\na{x=\"2\"} 2\n");
  EXPECT_EQ(find_value(series, "a", {{"x", "3"}}), std::nullopt);
  EXPECT_EQ(find_value(series, "b"), std::nullopt);
  EXPECT_THROW((void)find_value(series, "a"), std::runtime_error);
}

TEST(CapturedLog, HoldsEveryLevelAndGivesTheLoggerBack) {
  const auto sinks = spdlog::default_logger()->sinks();
  {
    const CapturedLog log;
    spdlog::debug("one server={}", "pg-1");
    spdlog::warn("two");
    EXPECT_EQ(log.lines().size(), 2U);
    EXPECT_TRUE(log.contains("debug : one server=pg-1"));
    EXPECT_EQ(log.count("warning : two"), 1U);
  }
  EXPECT_EQ(spdlog::default_logger()->sinks(), sinks);
}

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock;
  const auto begin = clock.now();
  EXPECT_EQ(clock.advance(3s), begin + 3s);
  EXPECT_EQ(clock.now(), begin + 3s);
}

TEST(Process, TellsItsStatusAndOutput) {
  Process failing{{.arguments = {"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}}};
  EXPECT_EQ(failing.wait(10s), 3);
  EXPECT_EQ(failing.output(), "out\nerr\n");
  Process lasting{{.arguments = {"/bin/sleep", "100"}}};
  EXPECT_EQ(lasting.wait(0s), std::nullopt);
  lasting.signal(SIGTERM);
  EXPECT_EQ(lasting.wait(10s), 128 + SIGTERM);
}

}  // namespace
}  // namespace pgrepl::testing
