#include "exposition/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Labels, AreTextInTheirOrder) {
  Labels labels{{"cluster", "main"}};
  labels.add("server", "pg-1");
  labels.add(Labels{{"mode", "a"}, {"kind", ""}});
  EXPECT_EQ(labels.text(), R"(cluster="main",server="pg-1",mode="a",kind="")");
  EXPECT_EQ(Labels{}.text(), "");
}

TEST(Labels, EscapeAndRepairTheirValues) {
  const Labels labels{{"x", "q\"b\\s\nn"}, {"y", "a\xFFz"}};
  EXPECT_EQ(labels.text(), "x=\"q\\\"b\\\\s\\nn\",y=\"a\xEF\xBF\xBDz\"");
}

TEST(Labels, HashTheSameInAnyOrderAlone) {
  const Labels labels{{"x", "1"}, {"y", "2"}};
  EXPECT_EQ(labels.hash(), (Labels{{"y", "2"}, {"x", "1"}}).hash());
  EXPECT_NE(labels.hash(), (Labels{{"x", "2"}, {"y", "1"}}).hash());
  EXPECT_NE(labels.hash(), (Labels{{"x", "1"}}).hash());
}

TEST(Labels, AreFoundByTheirWholeName) {
  const Labels labels{{"cluster", "server=\"x\",mode=\"y\""}, {"server", "a"}};
  EXPECT_TRUE(labels.has("cluster"));
  EXPECT_TRUE(labels.has("server"));
  EXPECT_FALSE(labels.has("mode"));
  EXPECT_FALSE(labels.has("serve"));
}

TEST(SplitLabels, KeepsWhatIsQuotedTogether) {
  const Labels labels{{"a", "1,2"}, {"b", "\\"}, {"c", "\""}, {"d", ""}};
  EXPECT_THAT(
      split_labels(labels.text()), ElementsAre(R"(a="1,2")", R"(b="\\")", R"(c="\"")", R"(d="")")
  );
  EXPECT_THAT(split_labels(""), IsEmpty());
}

TEST(SameLabels, InAnyOrder) {
  EXPECT_TRUE(same_labels(R"(a="1",b="2")", R"(b="2",a="1")"));
  EXPECT_FALSE(same_labels(R"(a="1",b="2")", R"(a="1",b="2",c="3")"));
  EXPECT_FALSE(same_labels(R"(a="1")", R"(a="2")"));
}

TEST(Labels, ValuesAreBounded) {
  EXPECT_EQ(Labels({{"a", std::string(4096, 'v')}}).text().size(), 4096 + 4U);
  EXPECT_EQ(
      Labels({{"a", std::string(100'000, 'v')}}).text(),
      "a=\"" + std::string(4093, 'v') + "\xE2\x80\xA6\""
  );
}

}  // namespace
}  // namespace pgrepl::metrics
