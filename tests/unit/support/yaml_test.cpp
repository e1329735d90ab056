#include "support/yaml.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::yaml {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Node parsed(const std::string& text) {
  auto node = parse(text, "f");
  if (!node) {
    ADD_FAILURE() << to_string(node.error());
    return {};
  }
  return *node;
}

std::string parse_errors(const std::string& text) {
  const auto node = parse(text, "f");
  return node ? "" : to_string(node.error());
}

TEST(ParseYaml, KeepsKindsPlacesAndOrder) {
  const Node node = parsed("b: [x, 'y']\na: {c: ~}\n");
  ASSERT_EQ(node.entries.size(), 2U);
  EXPECT_EQ(node.entries[0].key, "b");
  EXPECT_EQ(node.entries[1].key_where, (SourceLocation{.file = "f", .line = 2, .column = 1}));
  EXPECT_EQ(node.find("b")->items.at(1).scalar, "y");
  EXPECT_EQ(
      node.find("b")->items.at(1).where, (SourceLocation{.file = "f", .line = 1, .column = 8})
  );
  EXPECT_EQ(node.find("a")->find("c")->kind, Kind::Null);
  EXPECT_EQ(node.find("absent"), nullptr);
  EXPECT_EQ(node.find("b")->find("x"), nullptr);
}

TEST(ParseYaml, AQuotedTextIsNeverNull) {
  const Node node = parsed("{a: 'null', b: '', c: null, d: }");
  EXPECT_EQ(node.find("a")->kind, Kind::Scalar);
  EXPECT_EQ(node.find("b")->kind, Kind::Scalar);
  EXPECT_EQ(node.find("c")->kind, Kind::Null);
  EXPECT_EQ(node.find("d")->kind, Kind::Null);
}

TEST(ParseYaml, NothingIsNull) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "---\n---\n"}) {
    EXPECT_EQ(parsed(text).kind, Kind::Null) << text;
  }
}

TEST(ParseYaml, SyntaxErrorsHaveTheirPlace) {
  EXPECT_THAT(parse_errors("a: [1, 2"), HasSubstr("f:1:"));
  EXPECT_THAT(parse_errors("a: 1\n b: 2\n"), HasSubstr("f:2:"));
  EXPECT_THAT(parse_errors("a: *unknown\n"), HasSubstr("f:1:"));
}

TEST(ParseYaml, RefusesWhatItCannotKeep) {
  EXPECT_EQ(parse_errors("? [a]\n: b\n"), "f:1:3: a key must be a plain word\n");
  EXPECT_EQ(
      parse_errors("a: 1\n---\nb: 2\n"), "f:2:1: a second document; all belongs in the first\n"
  );
}

TEST(ParseYaml, SaysWhereATextNeedsQuotes) {
  EXPECT_EQ(parse_errors("a: !b"), "f:1:4: put a text that begins with '!' in quotes\n");
  EXPECT_EQ(parsed("{a: '!b', c: !!str 1, d: \"x\"}").find("a")->scalar, "!b");
}

TEST(ParseYaml, BoundsDepthAndSize) {
  EXPECT_THAT(
      parse_errors(std::string(100, '[') + std::string(100, ']')), HasSubstr("deeper than 64")
  );
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    const std::string name = 'a' + std::to_string(i);
    bomb += name + ": &" + name + " [" + last + ", " + last + "]\n";
  }
  EXPECT_THAT(parse_errors(bomb), HasSubstr("more than 100000 values"));
}

TEST(ParseYaml, AnAliasRepeatsItsValue) {
  EXPECT_EQ(parsed("a: &x [1]\nb: *x\n").find("b")->items.at(0).scalar, "1");
}

struct Duration {
  const char* text;
  std::optional<std::chrono::milliseconds> value;
};

TEST(ParseDuration, TakesNumbersWithUnits) {
  const Duration durations[] = {
      {"100ms", 100ms},
      {"3s", 3s},
      {"15m", 15min},
      {"1h", 1h},
      {"7d", 168h},
      {"1w", 168h},
      {"1h30m", 90min},
      {"1.5s", 1500ms},
      {"0", 0ms},
      {"0s", 0ms},
      {"", std::nullopt},
      {"5", std::nullopt},
      {"s", std::nullopt},
      {"-1s", std::nullopt},
      {"1 s", std::nullopt},
      {"1y", std::nullopt},
      {"1s5", std::nullopt},
      {"nans", std::nullopt},
      {"infs", std::nullopt},
      {"99999999w", std::nullopt},
  };
  for (const Duration& duration : durations) {
    EXPECT_EQ(parse_duration(duration.text), duration.value) << duration.text;
  }
}

class ReaderTest : public ::testing::Test {
 protected:
  Reader read(const std::string& text) {
    node_ = parsed(text);
    return Reader{node_, errors_};
  }

  [[nodiscard]] std::string errors() const { return to_string(errors_); }

  Node& node() { return node_; }

  Errors& list() { return errors_; }

 private:
  Node node_;
  Errors errors_;
};

TEST_F(ReaderTest, ReadsEachType) {
  Reader reader = read("{t: x, b: yes, i: -3, n: 1.5, d: 2s, l: [a, b], one: a, m: {}, s: []}");
  EXPECT_EQ(reader.text("t"), "x");
  EXPECT_EQ(reader.boolean("b"), true);
  EXPECT_EQ(reader.integer("i", -5, 5), -3);
  EXPECT_EQ(reader.number("n"), 1.5);
  EXPECT_EQ(reader.duration("d"), 2s);
  EXPECT_THAT(reader.texts("l"), ElementsAre("a", "b"));
  EXPECT_THAT(reader.texts("one"), ElementsAre("a"));
  EXPECT_NE(reader.mapping("m"), nullptr);
  EXPECT_NE(reader.sequence("s"), nullptr);
  reader.finish();
  EXPECT_EQ(errors(), "");
}

TEST_F(ReaderTest, AbsentAndNullAreNoMistake) {
  Reader reader = read("{a: ~}");
  EXPECT_EQ(reader.text("a"), std::nullopt);
  EXPECT_EQ(reader.boolean("b"), std::nullopt);
  EXPECT_EQ(reader.duration("c"), std::nullopt);
  EXPECT_TRUE(reader.texts("d").empty());
  EXPECT_EQ(reader.any("e"), nullptr);
  reader.finish();
  EXPECT_EQ(errors(), "");
}

TEST_F(ReaderTest, ARequiredTextMustBeThere) {
  EXPECT_EQ(read("{a: ~}").required_text("a"), std::nullopt);
  EXPECT_EQ(errors(), "f:1:5: a: is missing\n");
}

TEST_F(ReaderTest, WrongTypesNameKeyAndPlace) {
  Reader reader = read("{t: [x], b: 1, i: 6, n: x, d: 5, l: [[a]], m: x, s: {}}");
  EXPECT_EQ(reader.text("t"), std::nullopt);
  EXPECT_EQ(reader.boolean("b"), std::nullopt);
  EXPECT_EQ(reader.integer("i", -5, 5), std::nullopt);
  EXPECT_EQ(reader.number("n"), std::nullopt);
  EXPECT_EQ(reader.duration("d"), std::nullopt);
  EXPECT_TRUE(reader.texts("l").empty());
  EXPECT_EQ(reader.mapping("m"), nullptr);
  EXPECT_EQ(reader.sequence("s"), nullptr);
  EXPECT_EQ(
      errors(),
      "f:1:5: t: expected a text, found a list\n"
      "f:1:13: b: expected true or false, found '1'\n"
      "f:1:19: i: expected a whole number from -5 to 5, found '6'\n"
      "f:1:25: n: expected a number, found 'x'\n"
      "f:1:31: d: expected a duration such as 500ms, 3s or 15m, found '5'\n"
      "f:1:38: l: expected a text, found a list\n"
      "f:1:47: m: expected a mapping, found a single value\n"
      "f:1:53: s: expected a list, found a mapping\n"
  );
}

TEST_F(ReaderTest, APrivateValueIsNotShown) {
  node() = parsed("{d: hunter2}");
  node().entries[0].value.is_private = true;
  Reader reader{node(), list()};
  EXPECT_EQ(reader.duration("d"), std::nullopt);
  EXPECT_EQ(
      errors(), "f:1:5: d: expected a duration such as 500ms, 3s or 15m, found something else\n"
  );
}

TEST_F(ReaderTest, UnknownKeysComeWithASuggestionWhereOneIsClose) {
  Reader reader = read("{timeuot: 1s, zzz: 1}");
  EXPECT_EQ(reader.duration("timeout"), std::nullopt);
  reader.finish();
  EXPECT_EQ(
      errors(), "f:1:2: unknown key 'timeuot'; did you mean 'timeout'?\nf:1:15: unknown key 'zzz'\n"
  );
}

TEST_F(ReaderTest, ABareWordIsNotShownBecauseItMayBeTheRestOfASecret) {
  Reader reader = read("{password: a,hunter2, prot}");
  EXPECT_EQ(reader.text("password"), "a");
  EXPECT_EQ(reader.text("port"), std::nullopt);
  reader.finish();
  EXPECT_EQ(
      errors(),
      "f:1:14: unknown key without a value; put a value that has commas in quotes\n"
      "f:1:23: unknown key without a value; put a value that has commas in quotes\n"
  );
}

TEST_F(ReaderTest, AKeyGivenTwiceIsReportedAtItsSecondPlace) {
  EXPECT_EQ(read("{a: 1, a: 2}").text("a"), "1");
  EXPECT_EQ(errors(), "f:1:8: a: given twice\n");
}

TEST_F(ReaderTest, WhatIsNoMappingIsReportedOnce) {
  Reader reader = read("[a]");
  EXPECT_EQ(reader.required_text("a"), std::nullopt);
  reader.finish();
  EXPECT_EQ(errors(), "f:1:1: expected a mapping, found a list\n");
}

TEST(Parse, AStrayCommaIsAMistakeAndNoEndlessText) {
  const auto parsed = parse("- name: wal\n,   help: Disk\n  every: 15s\n", "f");
  ASSERT_FALSE(parsed);
  EXPECT_NE(to_string(parsed.error()).find("f:2:"), std::string::npos) << to_string(parsed.error());
}

}  // namespace
}  // namespace pgrepl::yaml
