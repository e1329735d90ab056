// A walk through the databases of a server, step by step.
#include "poller_scene.h"
#include "support/captured_log.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using pg::FailureReason;
using testing::lost_query;
using testing::one_value;
using testing::refused_query;

// A round has been; a walk is due.
struct WalkScene : Scene {
  WalkScene() { round(); }

  void walk() { spawn(poller->walk()); }

  [[nodiscard]] const Collected& tables() const { return collected().at("tables"); }
};

TEST(PollerWalks, NothingIsAskedBeforeARoundHasBeen) {
  Scene scene;
  EXPECT_FALSE(scene.poller->has_walk());
  scene.spawn(scene.poller->walk());
  scene.run_for(1s);
  EXPECT_EQ(scene.ended, 1);
  EXPECT_EQ(scene.server.tries, 0);
}

TEST(PollerWalks, EachDatabaseIsAskedOverAConnectionOfItsOwnOneAfterAnother) {
  WalkScene scene;
  ASSERT_TRUE(scene.poller->has_walk());
  scene.server.replies["TABLES"].takes = 100ms;
  scene.walk();
  scene.run_for(1s);
  EXPECT_EQ(scene.ended, 2);
  const std::vector<std::string> databases{"", "app", "shop"};
  EXPECT_EQ(scene.server.databases, databases);
  EXPECT_EQ(scene.server.most_open, 1) << "the connection of the rounds makes room";
  EXPECT_EQ(scene.server.open, 0);
  ASSERT_TRUE(scene.tables().rows);
  EXPECT_EQ(scene.tables().rows->rows(), 2U);
  EXPECT_EQ(scene.tables().rows->at(0, "datname"), "app");
  EXPECT_EQ(scene.tables().rows->at(1, "datname"), "shop");
  EXPECT_EQ(scene.poller->counters().databases_left_out, 0U);
}

TEST(PollerWalks, AreDueOnceAMinuteAtMost) {
  WalkScene scene;
  scene.walk();
  scene.run_for(1s);
  scene.round();
  EXPECT_FALSE(scene.poller->has_walk());
  scene.run_for(1min);
  scene.round();
  EXPECT_TRUE(scene.poller->has_walk());
}

TEST(PollerWalks, ADatabaseThatRefusesCostsItsOwnRows) {
  WalkScene scene;
  const testing::CapturedLog log;
  scene.server.refuses["app"] = {
      .reason = FailureReason::Other, .message = "not permitted", .sqlstate = "42501"};
  scene.walk();
  scene.run_for(1s);
  ASSERT_TRUE(scene.tables().rows);
  EXPECT_EQ(scene.tables().rows->rows(), 1U);
  EXPECT_EQ(scene.tables().rows->at(0, "datname"), "shop");
  EXPECT_EQ(scene.tables().error, "app: not permitted");
  EXPECT_EQ(log.count("query failed"), 1U);
  EXPECT_EQ(scene.poller->counters().errors.at(FailureReason::Other), 1U);
}

TEST(PollerWalks, AQueryThatFailsEverywhereHasNoRows) {
  WalkScene scene;
  scene.server.replies["TABLES"] = {refused_query("permission denied")};
  scene.walk();
  scene.run_for(1s);
  EXPECT_FALSE(scene.tables().rows);
  EXPECT_EQ(scene.tables().error, "shop: permission denied");
  EXPECT_FALSE(scene.poller->failure(scene.loop.now())) << "the server answers";
}

TEST(PollerWalks, NamesThatCannotBeReadAreCountedAndTheWalkIsDueStill) {
  WalkScene scene;
  scene.server.replies["SELECT datname"] = {refused_query("permission denied")};
  scene.walk();
  scene.run_for(1s);
  EXPECT_EQ(scene.poller->counters().errors.at(FailureReason::Other), 1U);
  EXPECT_EQ(scene.server.times("TABLES"), 0U);
  EXPECT_TRUE(scene.poller->has_walk());
  EXPECT_FALSE(scene.collected().contains("tables"));
}

TEST(PollerWalks, ASilentDatabaseEndsAtTheTimeoutAndTheNextIsAsked) {
  WalkScene scene;
  bool first = true;
  scene.server.heard = [&](const std::string& sql) {
    if (sql == "TABLES") {
      scene.server.replies["TABLES"].takes = std::exchange(first, false) ? 1h : 1ms;
    }
  };
  scene.walk();
  scene.run_for(2900ms);
  EXPECT_EQ(scene.server.times("TABLES"), 0U);
  scene.run_for(1s);
  EXPECT_EQ(scene.server.times("TABLES"), 1U);
  ASSERT_TRUE(scene.tables().rows);
  EXPECT_EQ(scene.tables().rows->at(0, "datname"), "shop");
  EXPECT_EQ(scene.tables().error, "app: no answer in time");
  EXPECT_EQ(scene.server.open, 0);
}

TEST(PollerWalks, BeyondAHundredDatabasesAreLeftOutAndCounted) {
  WalkScene scene;
  auto queries = std::make_shared<Queries>(*testing::few_queries());
  for (catalogue::Query& query : queries->catalogue.queries) {
    if (query.per_database) {
      query.databases = {"*"};
    }
  }
  pg::ResultSet names{{"datname"}};
  for (int i = 0; i < 103; ++i) {
    names.append("db" + std::to_string(i));
  }
  scene.server.replies["SELECT datname"] = {names};
  scene.poller->use(queries);
  scene.round();
  scene.walk();
  scene.run_for(10s);
  EXPECT_EQ(scene.server.times("TABLES"), 100U);
  EXPECT_EQ(scene.poller->counters().databases_left_out, 3U);
}

TEST(PollerWalks, StopInMidWalkEndsItAndSaysNothing) {
  for (const char* moment : {"SELECT datname", "connect", "TABLES"}) {
    WalkScene scene;
    const testing::CapturedLog log;
    scene.server.replies["SELECT datname"].takes = 300ms;
    scene.server.login_takes = 300ms;
    scene.server.replies["TABLES"].takes = 300ms;
    bool reached = false;
    scene.server.heard = [&](const std::string& sql) {
      reached = reached || sql.starts_with(moment);
    };
    scene.walk();
    while (!reached) {
      scene.run_for(50ms);
    }
    scene.run_for(50ms);
    scene.stop();
    EXPECT_TRUE(scene.poller->has_ended()) << moment;
    EXPECT_EQ(scene.ended, 2) << moment;
    EXPECT_EQ(scene.server.open, 0) << moment;
    EXPECT_TRUE(log.lines().empty()) << moment;
    EXPECT_TRUE(scene.poller->counters().errors.empty()) << moment;
  }
}

TEST(PollerWalks, AServerThatFellSilentMeanwhileAbandonsTheWalk) {
  WalkScene scene;
  scene.tick();
  scene.run_for(1100ms);
  scene.server.replies["TABLES"].takes = 2s;
  scene.walk();
  scene.run_for(100ms);
  scene.server.replies["TICK"] = {refused_query("it fell silent")};
  scene.run_for(1500ms);
  scene.server.replies["TICK"] = {testing::tick_rows()};
  scene.run_for(5s);
  ASSERT_TRUE(scene.poller->answers(scene.loop.now()));
  EXPECT_EQ(scene.server.times("TABLES"), 1U) << "the rest is not asked";
  EXPECT_FALSE(scene.collected().contains("tables"));
}

TEST(PollerWalks, NewQueriesWaitForItsEnd) {
  WalkScene scene;
  scene.server.replies["TABLES"].takes = 500ms;
  scene.walk();
  scene.run_for(200ms);
  scene.poller->use(testing::few_queries());
  EXPECT_FALSE(scene.collected().empty()) << "what it collects for is still there";
  scene.run_for(2s);
  EXPECT_TRUE(scene.collected().contains("tables")) << "until the next round begins";
  scene.round();
  EXPECT_FALSE(scene.collected().contains("tables"));
  EXPECT_TRUE(scene.poller->has_walk());
}

TEST(PollerWalks, AWalkIsNotBegunTwice) {
  WalkScene scene;
  scene.server.replies["TABLES"].takes = 500ms;
  scene.walk();
  scene.run_for(100ms);
  EXPECT_FALSE(scene.poller->has_walk());
  scene.walk();
  scene.run_for(0ms);
  EXPECT_EQ(scene.ended, 2) << "the second returned at once";
  scene.run_for(2s);
  EXPECT_EQ(scene.server.times("TABLES"), 2U);
}

TEST(PollerWalks, AnExceptionEndsItAndLetsRoundsGoOn) {
  WalkScene scene;
  bool thrown = false;
  scene.server.heard = [&](const std::string& sql) {
    if (sql == "TABLES" && !std::exchange(thrown, true)) {
      throw std::runtime_error{"broken"};
    }
  };
  scene.walk();
  scene.run_for(100ms);
  EXPECT_TRUE(thrown);
  EXPECT_EQ(scene.ended, 2) << "whoever waits for it goes on";
  EXPECT_EQ(scene.failures.at("walk"), 1);
  EXPECT_EQ(scene.server.open, 0);
  scene.round();
  EXPECT_EQ(scene.server.times("OFTEN"), 2U);
  ASSERT_TRUE(scene.poller->has_walk());
  scene.walk();
  scene.run_for(1s);
  EXPECT_TRUE(scene.tables().rows);
}

TEST(PollerWalks, ALoginLostToOurOwnCloseIsAskedAsIfItHadNotBeen) {
  config::Sampling pace = kPace;
  pace.observers = 1;
  Scene scene{pace, {}, "main"};
  scene.server.replies["SELECT CASE"] = {one_value("place", "0")};
  scene.tick();
  scene.run_for(100ms);
  scene.round();
  scene.server.replies["TABLES"].takes = 3s;
  scene.spawn(scene.poller->walk());
  scene.run_for(100ms);
  scene.server.replies["SELECT CASE"] = {one_value("place", "-1")};
  scene.server.replies["SELECT -1"] = {one_value("place", "-1")};
  scene.poller->want_place(Place::Waiting);
  scene.run_for(3s);
  EXPECT_TRUE(scene.poller->is_left_to_others(scene.loop.now()));
  EXPECT_EQ(scene.server.open, 0);
  EXPECT_TRUE(scene.poller->counters().errors.empty());
}

}  // namespace
}  // namespace pgrepl::sampling
