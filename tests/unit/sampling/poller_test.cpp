#include "poller_scene.h"
#include "support/captured_log.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using namespace std::chrono_literals;
using testing::lost_query;
using testing::lsn;
using testing::one_value;
using testing::tick_rows;

TEST(Poller, TicksAndRoundsBringWhatTheServerAnswers) {
  Scene scene;
  scene.tick();
  scene.run_for(100ms);
  scene.round();
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
  EXPECT_TRUE(scene.collected().at("often").rows);
  EXPECT_EQ(scene.server.logins, 2);
  scene.stop();
  EXPECT_TRUE(scene.poller->has_ended());
}

TEST(Poller, ASlowRoundReplacesNoFresherTick) {
  Scene scene;
  scene.tick();
  scene.run_for(100ms);
  scene.server.replies["OFTEN"].takes = 2500ms;
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.run_for(1s);
  scene.server.replies["TICK"] = {tick_rows("0/900")};
  const Instant before = scene.loop.now();
  scene.run_for(1800ms);
  ASSERT_TRUE(scene.collected().at("often").rows);
  const auto sample = scene.poller->sample(scene.loop.now());
  EXPECT_EQ(sample.tick->reading.position, lsn("0/900"));
  EXPECT_GT(sample.tick->sent, before);
  scene.stop();
}

TEST(Poller, CloseInMidRunKeepsAnHourlyQueryDueAndSaysNothing) {
  Scene scene;
  const testing::CapturedLog log;
  scene.round();
  scene.server.replies["OFTEN"].takes = 1s;
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.run_for(500ms);
  scene.stop();
  EXPECT_TRUE(scene.poller->has_ended());
  EXPECT_EQ(log.count("query failed"), 0U);
  EXPECT_TRUE(scene.poller->counters().errors.empty());
  EXPECT_TRUE(scene.collected().at("often").rows);
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
}

TEST(Poller, TwoRoundsAtOnceAreOneAndBothGetItsRows) {
  Scene scene;
  scene.server.replies["OFTEN"].takes = 1s;
  std::optional<Instant> first;
  std::optional<Instant> second;
  const Instant begin = scene.loop.now();
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 3s), first));
  scene.run_for(300ms);
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 3s), second));
  scene.run_for(300ms);
  EXPECT_FALSE(second);
  scene.run_for(1s);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(scene.server.times("OFTEN"), 1U);
  EXPECT_TRUE(scene.collected().at("often").rows);
}

TEST(Poller, ACallerInAHurryLeavesAndTheOtherGetsItsRound) {
  Scene scene;
  scene.server.replies["OFTEN"].takes = 1s;
  std::optional<Instant> hurried;
  std::optional<Instant> patient;
  const Instant begin = scene.loop.now();
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 200ms), hurried));
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 3s), patient));
  scene.run_for(500ms);
  EXPECT_EQ(hurried, begin + 200ms);
  EXPECT_FALSE(patient);
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
  scene.run_for(1s);
  EXPECT_TRUE(patient);
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
  EXPECT_TRUE(scene.collected().at("often").rows);
}

TEST(Poller, ACallerIsToldWhetherItsRoundHasEnded) {
  Scene scene;
  scene.server.replies["OFTEN"].takes = 1s;
  std::optional<bool> hurried;
  std::optional<bool> patient;
  const auto ask = [&scene](Instant deadline, std::optional<bool>& ended) -> asio::awaitable<void> {
    const bool answered = co_await scene.poller->ask_round(deadline);
    ended = answered;
  };
  const Instant begin = scene.loop.now();
  scene.spawn(ask(begin + 200ms, hurried));
  scene.spawn(ask(begin + 3s, patient));
  scene.run_for(500ms);
  EXPECT_EQ(hurried, false);
  EXPECT_FALSE(patient);
  scene.run_for(1s);
  EXPECT_EQ(patient, true);
}

TEST(Poller, AWalkInterruptedByTwoCallersLetsBothHaveTheirRoundAndGoesOn) {
  Scene scene;
  scene.round();
  ASSERT_TRUE(scene.poller->has_walk());
  scene.server.replies["TABLES"].takes = 1s;
  scene.spawn(scene.poller->walk());
  scene.run_for(200ms);
  std::optional<Instant> hurried;
  std::optional<Instant> patient;
  const Instant begin = scene.loop.now();
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 100ms), hurried));
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 3s), patient));
  scene.run_for(500ms);
  EXPECT_TRUE(hurried);
  EXPECT_FALSE(patient);
  scene.run_for(1s);
  EXPECT_TRUE(patient);
  EXPECT_EQ(scene.server.times("OFTEN"), 2U);
  EXPECT_EQ(scene.server.times("TABLES"), 1U);
  ASSERT_TRUE(scene.poller->has_walk());
  scene.spawn(scene.poller->walk());
  scene.run_for(2s);
  EXPECT_EQ(scene.server.times("TABLES"), 2U);
  EXPECT_EQ(scene.collected().at("tables").rows->rows(), 2U);
  EXPECT_LE(scene.server.most_open, 2);
}

TEST(Poller, AWalkWithoutDatabasesKeepsTheConnectionOfTheRounds) {
  Scene scene;
  scene.server.replies["SELECT datname"] = {one_value("datname", "postgres")};
  scene.round();
  scene.spawn(scene.poller->walk());
  scene.run_for(100ms);
  EXPECT_EQ(scene.collected().at("tables").rows->rows(), 0U);
  EXPECT_EQ(scene.server.open, 1);
  scene.round();
  EXPECT_EQ(scene.server.logins, 1);
}

TEST(Poller, AQueryThatLostItsConnectionInAWalkIsAskedOnceMore) {
  Scene scene;
  scene.round();
  scene.server.replies["TABLES"] = {lost_query()};
  scene.spawn(scene.poller->walk());
  scene.run_for(1s);
  EXPECT_EQ(scene.server.times("TABLES"), 4U);
  EXPECT_FALSE(scene.collected().at("tables").rows);
  EXPECT_EQ(scene.collected().at("tables").error, "shop: connection lost");
}

TEST(Poller, AConnectionThatEndedSinceTheLastRoundSaysNothing) {
  Scene scene;
  scene.round();
  bool lost_once = false;
  scene.server.heard = [&](const std::string& sql) {
    scene.server.replies["OFTEN"] = {one_value("n", "1")};
    if (sql == "OFTEN" && !std::exchange(lost_once, true)) {
      scene.server.replies["OFTEN"] = {lost_query()};
    }
  };
  scene.run_for(1s);
  scene.round();
  EXPECT_TRUE(lost_once);
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
  EXPECT_TRUE(scene.collected().at("often").rows);
}

TEST(Poller, AReloadRightAfterTheLoginEndsIt) {
  for (const bool by_round : {false, true}) {
    Scene scene;
    scene.server.heard = [&](const std::string& sql) {
      if (sql == "connected") {
        scene.server.version = {};  // a closed connection has none
        scene.poller->stop();
      }
    };
    const Instant deadline = scene.loop.now() + 3s;
    if (by_round) {
      scene.spawn(scene.poller->run_round(deadline));
    } else {
      scene.tick();
    }
    scene.run_for(100ms);
    EXPECT_TRUE(scene.poller->has_ended());
    EXPECT_TRUE(scene.poller->counters().errors.empty());
    EXPECT_TRUE(scene.server.asked.empty());
  }
}

TEST(Poller, NewQueriesWaitForTheEndOfTheRound) {
  Scene scene;
  scene.server.replies["OFTEN"].takes = 1s;
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.run_for(500ms);
  scene.poller->use(testing::few_queries());
  scene.run_for(1s);
  EXPECT_TRUE(scene.collected().at("often").rows) << "who waited for it is shown it";
  scene.round();
  scene.run_for(1s);
  EXPECT_EQ(scene.server.times("HOURLY"), 2U);
}

TEST(Poller, AServerOfAnUnsupportedVersionIsDownForThatReason) {
  for (const int version : {120022, 0}) {
    Scene scene;
    scene.server.version = {version};
    scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
    scene.run_for(100ms);
    ASSERT_TRUE(scene.poller->failure(scene.loop.now()));
    EXPECT_EQ(scene.poller->failure(scene.loop.now())->reason, pg::FailureReason::Unsupported);
    scene.tick();
    scene.run_for(5s);
    const auto sample = scene.poller->sample(scene.loop.now());
    ASSERT_TRUE(sample.failure);
    EXPECT_EQ(sample.failure->reason, pg::FailureReason::Unsupported);
    EXPECT_FALSE(is_up(sample));
    EXPECT_TRUE(scene.server.asked.empty());
    EXPECT_LE(scene.server.logins, 2);
    EXPECT_EQ(scene.server.open, 0);
    scene.stop();
  }
}

TEST(Poller, AnUpgradedServerIsReadAfterTenTicks) {
  Scene scene;
  scene.server.version = {120022};
  scene.tick();
  scene.run_for(1s);
  scene.server.version = {150004};
  scene.run_for(11s);
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
  scene.stop();
}

TEST(Poller, AnExceptionCostsOneTurnARoundOrAWalk) {
  Scene scene;
  const testing::CapturedLog log;
  std::string breaks = "TICK";
  scene.server.heard = [&](const std::string& sql) {
    if (sql == breaks) {
      breaks.clear();
      throw std::runtime_error{"broken"};
    }
  };
  scene.tick();
  scene.run_for(3s);
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
  breaks = "OFTEN";
  scene.round();
  scene.round();
  EXPECT_TRUE(scene.collected().at("often").rows);
  breaks = "TABLES";
  scene.spawn(scene.poller->walk());
  scene.run_for(100ms);
  scene.round();
  const std::map<std::string, int> once_each{{"round", 1}, {"tick", 1}, {"walk", 1}};
  EXPECT_EQ(scene.failures, once_each);
  EXPECT_EQ(log.count("a task failed unexpectedly"), 3U);
  EXPECT_LE(scene.server.most_open, 2);
  scene.stop();
  EXPECT_TRUE(scene.poller->has_ended());
}

TEST(Poller, IsNotOverWhileSomethingThatWasBegunHasNotTakenItsFirstStep) {
  Scene scene;
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.poller->stop();
  EXPECT_FALSE(scene.poller->has_ended());
  scene.run_for(0ms);
  EXPECT_TRUE(scene.poller->has_ended());
}

asio::awaitable<void> round_then_end(Poller& poller, Instant deadline) {
  co_await poller.run_round(deadline);
  co_await poller.end();
}

TEST(Poller, EndWaitsForARoundThatNobodyWaitsFor) {
  Scene scene;
  scene.server.replies["OFTEN"].takes = 2s;
  scene.spawn(round_then_end(*scene.poller, scene.loop.now() + 100ms));
  scene.run_for(101ms);
  EXPECT_EQ(scene.ended, 1);
  EXPECT_TRUE(scene.poller->has_ended());
}

// Everything at once: ticks, two callers, a walk.
void begin_all(Scene& scene) {
  scene.tick();
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.spawn(scene.poller->run_round(scene.loop.now() + 50ms));
}

// Stops at the `n`th thing that happens; false when fewer happen.
bool stop_at(Scene& scene, int n) {
  int happened = 0;
  bool stopped = false;
  scene.server.heard = [&](const std::string&) {
    if (happened++ == n) {
      stopped = true;
      scene.poller->stop();
    }
  };
  begin_all(scene);
  const Instant until = scene.loop.now() + 3s;
  bool walked = false;
  while (!stopped && scene.clock.step(scene.io, until)) {
    if (!walked && scene.poller->has_walk()) {
      walked = true;
      scene.spawn(scene.poller->walk());
    }
    if (!stopped && happened++ == n) {
      stopped = true;
      scene.poller->stop();
    }
  }
  scene.server.heard = [](const std::string&) {};  // the other refers to what ends here
  return stopped;
}

TEST(Poller, StopAtEveryAwaitPointEndsAndFreesEverything) {
  int points = 0;
  for (bool stopped = true; stopped; ++points) {
    Scene scene;
    stopped = stop_at(scene, points);
    scene.stop();
    scene.run_for(100ms);  // a login that begins at that very moment takes its time
    ASSERT_TRUE(scene.poller->has_ended()) << "after " << points;
    scene.poller.reset();
    scene.run_for(1h);
    EXPECT_EQ(scene.server.open, 0) << "after " << points;
  }
  EXPECT_GT(points, 20);
}

}  // namespace
}  // namespace pgrepl::sampling
