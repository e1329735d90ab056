#include "sampling/database_walk.h"

#include "queries_fixture.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using testing::given_up_query;
using testing::instant;
using testing::lost_query;
using testing::one_value;
using testing::query_named;
using testing::refused_query;

class DatabaseWalkTest : public ::testing::Test {
 protected:
  DatabaseWalkTest() {
    tables.per_database = true;
    tables.databases = {"app", "shop"};
    indexes.per_database = true;
    indexes.databases = {"shop"};
  }

  void begin() {
    walk.begin(instant(5), {{&tables, nullptr}, {&indexes, nullptr}}, {"app", "shop"}, {});
  }

  std::string next_database() { return walk.has_more() ? walk.begin_turn().database : "none"; }

  catalogue::Query tables = query_named("tables", "TABLES");
  catalogue::Query indexes = query_named("indexes", "INDEXES");
  ErrorCounts errors;
  DatabaseWalk walk{errors};
};

TEST_F(DatabaseWalkTest, AsksEachDatabaseForTheQueriesThatRunThere) {
  begin();
  ASSERT_TRUE(walk.has_more());
  const auto app = walk.begin_turn();
  EXPECT_EQ(app.database, "app");
  ASSERT_EQ(app.queries.size(), 1U);
  walk.take(app.queries[0], one_value("n", "1"));
  ASSERT_TRUE(walk.has_more());
  const auto shop = walk.begin_turn();
  EXPECT_EQ(shop.queries.size(), 2U);
  walk.take(shop.queries[0], one_value("n", "2"));
  walk.take(shop.queries[1], one_value("i", "3"));
  EXPECT_FALSE(walk.has_more());
  const auto walked = walk.finish();
  ASSERT_EQ(walked.size(), 2U);
  EXPECT_EQ(walked[0].rows->rows(), 2U);
  EXPECT_EQ(walked[0].began, instant(5));
  EXPECT_EQ(walked[1].rows->at(0, "datname"), "shop");
  EXPECT_TRUE(errors.empty());
  EXPECT_FALSE(walk.is_under_way());
}

TEST_F(DatabaseWalkTest, LookingWhetherThereIsMoreLosesNothing) {
  begin();
  EXPECT_TRUE(walk.has_more());
  EXPECT_TRUE(walk.has_more());
  EXPECT_EQ(next_database(), "app");
}

TEST_F(DatabaseWalkTest, ALostQueryHasOneMoreTry) {
  begin();
  (void)walk.has_more();
  const auto app = walk.begin_turn();
  walk.take(app.queries[0], lost_query());
  EXPECT_EQ(next_database(), "app");
  EXPECT_EQ(errors[pg::FailureReason::Other], 1U);
  walk.take(app.queries[0], lost_query());
  EXPECT_EQ(next_database(), "shop");
  EXPECT_EQ(errors[pg::FailureReason::Other], 2U);
  EXPECT_EQ(next_database(), "none");
  EXPECT_EQ(walk.finish()[0].error, "app: connection lost");
}

TEST_F(DatabaseWalkTest, EachDatabaseHasATryOfItsOwn) {
  begin();
  for (const char* database : {"app", "app", "shop", "shop"}) {
    ASSERT_TRUE(walk.has_more());
    const auto turn = walk.begin_turn();
    EXPECT_EQ(turn.database, database);
    walk.take(turn.queries[0], lost_query());
  }
  EXPECT_FALSE(walk.has_more());
}

TEST_F(DatabaseWalkTest, WhatOurOwnSideGaveUpIsAskedAsIfItHadNotBeen) {
  begin();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(walk.has_more());
    const auto turn = walk.begin_turn();
    EXPECT_EQ(turn.database, "app");
    walk.take(turn.queries[0], given_up_query());
  }
  EXPECT_TRUE(errors.empty());
}

TEST_F(DatabaseWalkTest, AGivenUpLoginChangesNothing) {
  begin();
  EXPECT_EQ(next_database(), "app");
  walk.take_refusal({.message = "given up", .ends_session = true, .given_up = true});
  EXPECT_EQ(next_database(), "app");
  EXPECT_TRUE(errors.empty());
}

TEST_F(DatabaseWalkTest, ADatabaseThatFailsCostsItsOwnRows) {
  begin();
  EXPECT_EQ(next_database(), "app");
  walk.take_refusal({.reason = pg::FailureReason::Permission, .message = "no CONNECT"});
  ASSERT_TRUE(walk.has_more());
  const auto shop = walk.begin_turn();
  walk.take(shop.queries[0], one_value("n", "2"));
  walk.take(shop.queries[1], refused_query("no such table"));
  EXPECT_FALSE(walk.has_more());
  const auto walked = walk.finish();
  EXPECT_EQ(walked[0].error, "app: no CONNECT");
  EXPECT_EQ(walked[0].rows->rows(), 1U);
  EXPECT_EQ(walked[1].error, "shop: no such table");
  EXPECT_FALSE(walked[1].rows);
  EXPECT_EQ(errors[pg::FailureReason::Permission], 1U);
}

TEST_F(DatabaseWalkTest, OtherColumnsThanBeforeAreAFailure) {
  begin();
  (void)walk.has_more();
  walk.take(walk.begin_turn().queries[0], one_value("n", "1"));
  (void)walk.has_more();
  walk.take(walk.begin_turn().queries[0], one_value("other", "1"));
  EXPECT_FALSE(walk.has_more());
  EXPECT_EQ(walk.finish()[0].error, "shop: has other columns than the databases before it");
}

TEST_F(DatabaseWalkTest, WithoutDatabasesTheQueriesHaveNoRowsAndNoFailure) {
  walk.begin(instant(5), {{&tables, nullptr}}, {}, {});
  EXPECT_FALSE(walk.has_more());
  const auto walked = walk.finish();
  ASSERT_EQ(walked.size(), 1U);
  EXPECT_TRUE(walked[0].rows);
  EXPECT_EQ(walked[0].error, "");
}

TEST_F(DatabaseWalkTest, NothingComesOfAWalkThatWasAbandoned) {
  begin();
  (void)walk.has_more();
  const auto app = walk.begin_turn();
  walk.abandon();
  walk.take(app.queries[0], refused_query("too late"));
  EXPECT_FALSE(walk.is_under_way());
  EXPECT_FALSE(walk.has_more());
  EXPECT_TRUE(walk.finish().empty());
  EXPECT_TRUE(errors.empty());
}

TEST_F(DatabaseWalkTest, RouteIsWhatAQueryRunsIn) {
  const auto route = plan_route({"app", "postgres", "shop"}, {{&indexes, nullptr}}, {});
  EXPECT_EQ(route.databases, (std::deque<std::string>{"shop"}));
  EXPECT_EQ(route.left_out, 0U);
}

}  // namespace
}  // namespace pgrepl::sampling
