#include "sampling/collection.h"

#include "queries_fixture.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using namespace std::chrono_literals;
using testing::given_up_query;
using testing::instant;
using testing::lost_query;
using testing::lsn;
using testing::one_value;
using testing::refused_query;
using testing::tick_rows;

constexpr pg::ServerVersion kVersion{150004};

class CollectionTest : public ::testing::Test {
 protected:
  std::vector<std::string> due_at(double seconds) {
    std::vector<std::string> names;
    for (const auto& query : collection.due(kVersion, instant(seconds))) {
      names.push_back(query.query->name);
    }
    return names;
  }

  bool is_due(const std::string& name, double seconds) {
    const auto names = due_at(seconds);
    return std::ranges::find(names, name) != names.end();
  }

  // A round in which "often" and "hourly" are answered like that.
  void round(
      double sent,
      double received,
      const session::QueryResult& often,
      const session::QueryResult& hourly,
      const session::QueryResult& tick = tick_rows("0/200")
  ) {
    const std::vector<catalogue::DueQuery> due{
        {collection.queries().catalogue.find("often"), nullptr},
        {collection.queries().catalogue.find("hourly"), nullptr}};
    const catalogue::Batch batch{.statements = {}, .places = {1, 2}};
    BatchAnswers answers{
        .results = {tick, often, hourly},
        .durations = {10ms, 20ms},
        .version = kVersion,
        .sent = instant(sent),
        .received = instant(received)};
    collection.take_round(due, batch, std::move(answers));
  }

  void tick(double sent, const std::string& position = "0/100") {
    const auto verdict =
        collection.take_tick(tick_rows(position), instant(sent), instant(sent + 0.01));
    EXPECT_TRUE(verdict.answered);
  }

  const session::QueryResult good = one_value("n", "1");
  Collection collection{testing::few_queries(), 1s};
};

TEST_F(CollectionTest, TheTickOfASlowRoundIsDatedByItsOwnAnswer) {
  round(10, 12.5, good, good);
  ASSERT_TRUE(collection.tick());
  EXPECT_EQ(collection.tick()->sent, instant(10));
  EXPECT_EQ(collection.tick()->received, instant(10.01));
}

TEST_F(CollectionTest, TheTickOfASlowRoundReplacesNoLaterOne) {
  tick(12, "0/300");
  round(10, 12.5, good, good);
  EXPECT_EQ(collection.tick()->sent, instant(12));
  EXPECT_EQ(collection.tick()->reading.position, lsn("0/300"));
}

TEST_F(CollectionTest, TheTickOfARoundReplacesAnEarlierOne) {
  tick(9);
  round(10, 12.5, good, good);
  EXPECT_EQ(collection.tick()->reading.position, lsn("0/200"));
}

TEST_F(CollectionTest, ALateTickReplacesNoLaterOne) {
  tick(9, "0/300");
  tick(8, "0/100");
  EXPECT_EQ(collection.tick()->reading.position, lsn("0/300"));
}

TEST_F(CollectionTest, QueriesAreDueInTheirOwnRhythm) {
  tick(9);
  round(10, 10.1, good, good);
  EXPECT_TRUE(is_due("often", 11));
  EXPECT_FALSE(is_due("hourly", 11));
  EXPECT_TRUE(is_due("hourly", 10 + 3600));
}

TEST_F(CollectionTest, GivenUpAnswersChangeNothing) {
  tick(9);
  round(10, 10.1, good, refused_query("no such column"));
  (void)collection.take_news();
  const auto errors = collection.errors();
  round(4000, 4000.1, given_up_query(), given_up_query(), given_up_query());
  EXPECT_TRUE(is_due("hourly", 4001));
  EXPECT_TRUE(collection.collected().at("often").rows);
  EXPECT_EQ(collection.collected().at("hourly").error, "no such column");
  EXPECT_EQ(collection.errors(), errors);
  EXPECT_FALSE(collection.round_failure());
  EXPECT_TRUE(collection.take_news().empty());
  EXPECT_EQ(collection.tick()->sent, instant(10));
}

TEST_F(CollectionTest, WhatWasAnsweredBeforeTheRestWasGivenUpIsTaken) {
  tick(9);
  round(10, 10.1, good, given_up_query());
  EXPECT_TRUE(collection.collected().at("often").rows);
  EXPECT_FALSE(collection.collected().contains("hourly"));
  EXPECT_TRUE(is_due("hourly", 10.2));
}

TEST_F(CollectionTest, AGivenUpTickSaysNothingOfItsServer) {
  const auto verdict = collection.take_tick(given_up_query(), instant(1), instant(2));
  EXPECT_FALSE(verdict.answered);
  EXPECT_FALSE(verdict.failure);
}

TEST_F(CollectionTest, AGivenUpRoundIsNoProofThatTheServerIsBack) {
  collection.fail_round({.reason = pg::FailureReason::Timeout, .message = "late"}, instant(5));
  round(10, 10.1, given_up_query(), given_up_query(), given_up_query());
  EXPECT_TRUE(collection.round_failure());
}

TEST_F(CollectionTest, ALossOfTheConnectionFailsTheRoundAndItsQueriesAreDueAgain) {
  tick(9);
  round(10, 10.1, good, lost_query());
  ASSERT_TRUE(collection.round_failure());
  EXPECT_EQ(collection.round_failure()->message, "connection lost");
  EXPECT_EQ(collection.round_failure()->at, instant(10.1));
  EXPECT_TRUE(is_due("hourly", 10.2));
  EXPECT_TRUE(collection.take_news().empty());
}

TEST_F(CollectionTest, AFailingQueryIsNewsOnce) {
  tick(9);
  for (double at = 10; at < 13; at += 1) {
    round(at, at + 0.1, refused_query("no such column"), good);
  }
  const auto news = collection.take_news();
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].query, "often");
  EXPECT_EQ(news[0].reason, "no such column");
  round(14, 14.1, good, good);
  round(15, 15.1, refused_query("no such column"), good);
  EXPECT_EQ(collection.take_news().size(), 1U);
}

TEST_F(CollectionTest, WhatWasAskedBeforeTheServerFellSilentChangesNothing) {
  tick(9);
  collection.forget(instant(11));
  round(10, 12, good, lost_query());
  EXPECT_FALSE(collection.tick());
  EXPECT_TRUE(collection.collected().empty());
  EXPECT_FALSE(collection.round_failure());
  EXPECT_FALSE(collection.take_tick(tick_rows(), instant(10.9), instant(12)).answered);
  EXPECT_FALSE(collection.take_tick(lost_query(), instant(10.9), instant(12)).failure);
  collection.take_walk(
      {{.query = collection.queries().catalogue.find("tables"),
        .rows = one_value("n", "1"),
        .error = "",
        .began = instant(10)}}
  );
  EXPECT_TRUE(collection.collected().empty());
  tick(11);
  EXPECT_TRUE(collection.tick());
}

TEST_F(CollectionTest, AFailedRoundRestsForATickAndARefusedOneForTen) {
  collection.fail_round({.reason = pg::FailureReason::Timeout, .message = "late"}, instant(5));
  EXPECT_TRUE(collection.round_rests(instant(5.9)));
  EXPECT_FALSE(collection.round_rests(instant(6)));
  collection.fail_round({.reason = pg::FailureReason::Unsupported, .message = "old"}, instant(5));
  EXPECT_TRUE(collection.round_rests(instant(14.9)));
  collection.allow_round();
  EXPECT_FALSE(collection.round_rests(instant(5)));
}

TEST_F(CollectionTest, NewQueriesBeginAnew) {
  tick(9);
  round(10, 10.1, good, good);
  collection.use(testing::few_queries());
  EXPECT_TRUE(collection.collected().at("often").rows) << "who waits for that round is shown it";
  EXPECT_TRUE(is_due("hourly", 11));
  EXPECT_TRUE(collection.collected().empty());
  EXPECT_TRUE(collection.tick());
}

TEST_F(CollectionTest, NoQueryReadsTheTickOfAnOldServer) {
  EXPECT_EQ(collection.tick_sql({120022}), nullptr);
  EXPECT_EQ(collection.tick_sql({0}), nullptr);
  ASSERT_NE(collection.tick_sql(kVersion), nullptr);
  EXPECT_EQ(collection.tick_sql(kVersion)->text(), "TICK");
}

TEST_F(CollectionTest, AWalkBringsRowsAndFailures) {
  const auto* tables = collection.queries().catalogue.find("tables");
  collection.take_walk({{tables, one_value("n", "1"), "shop: no such table", instant(7)}});
  EXPECT_TRUE(collection.collected().at("tables").rows);
  EXPECT_EQ(collection.take_news().size(), 1U);
  EXPECT_TRUE(collection.due_walks(kVersion, instant(8)).empty());
  EXPECT_EQ(collection.due_walks(kVersion, instant(7 + 60)).size(), 1U);
}

}  // namespace
}  // namespace pgrepl::sampling
