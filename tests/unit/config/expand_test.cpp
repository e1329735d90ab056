#include "config/expand.h"

#include <string>

#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

const Environment kEnvironment{{"HOST", "db"}, {"EMPTY", ""}, {"NESTED", "${HOST} $$"}};

std::string expanded(const std::string& text) {
  yaml::Node node;
  node.kind = yaml::Kind::Scalar;
  node.scalar = text;
  Errors errors;
  node = expand(std::move(node), kEnvironment, errors);
  return errors.empty() ? node.scalar : "error: " + to_string(errors);
}

TEST(Expand, ReplacesVariablesInText) {
  EXPECT_EQ(expanded("${HOST}"), "db");
  EXPECT_EQ(expanded("a.${HOST}:${HOST}"), "a.db:db");
  EXPECT_EQ(expanded("${EMPTY}"), "");
}

TEST(Expand, UsesTheDefaultOfAVariableThatIsUnsetOrEmpty) {
  EXPECT_EQ(expanded("${HOST:-x}"), "db");
  EXPECT_EQ(expanded("${ABSENT:-x:-y}"), "x:-y");
  EXPECT_EQ(expanded("${EMPTY:-x}"), "x");
  EXPECT_EQ(expanded("${ABSENT:-}"), "");
}

TEST(Expand, LeavesOtherDollarsAlone) {
  EXPECT_EQ(expanded("$HOST $ pa$word$"), "$HOST $ pa$word$");
  EXPECT_EQ(expanded("$${HOST} $$$${HOST}"), "${HOST} $${HOST}");
}

TEST(Expand, DoesNotScanAValueAgain) {
  EXPECT_EQ(expanded("${NESTED}"), "${HOST} $$");
}

TEST(Expand, RefusesWhatItCannotReplace) {
  EXPECT_EQ(
      expanded("${ABSENT}"),
      "error: the environment has no variable ABSENT; set it or write ${ABSENT:-default}\n"
  );
  EXPECT_EQ(expanded("a${HOST"), "error: a '${' without '}'; write $$ for a literal $\n");
  for (const char* text : {"${}", "${1A}", "${A B}", "${HOST-x}", "${HOST:-${EMPTY}}"}) {
    EXPECT_EQ(
        expanded(text),
        "error: expected ${VARIABLE} or ${VARIABLE:-default}; write $$ for a literal $\n"
    );
  }
}

TEST(Expand, ReachesEveryValueButNoKey) {
  const auto node = yaml::parse("{'${HOST}': ['${HOST}', {b: '${ABSENT}'}]}", "f");
  ASSERT_TRUE(node);
  Errors errors;
  const yaml::Node result = expand(*node, kEnvironment, errors);
  ASSERT_NE(result.find("${HOST}"), nullptr);
  EXPECT_EQ(result.find("${HOST}")->items.at(0).scalar, "db");
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(
      to_string(errors[0]),
      "f:1:29: b: the environment has no variable ABSENT; set it or write ${ABSENT:-default}"
  );
}

}  // namespace
}  // namespace pgrepl::config
