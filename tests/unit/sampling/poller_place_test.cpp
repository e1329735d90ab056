// How one exporter shares a server with others, step by step. Which places the server hands out is
// the script's.
#include "poller_scene.h"
#include "support/captured_log.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using pg::FailureReason;
using testing::lost_query;
using testing::one_value;

config::Sampling shared_pace() {
  config::Sampling pace = kPace;
  pace.observers = 2;
  return pace;
}

// Of a cluster "main", in which two exporters observe.
struct SharedScene : Scene {
  SharedScene() : Scene(shared_pace(), {}, "main") { gives(0); }

  // The server gives this place from now on: 0 and 1 to observers, 2 to the understudy, -1 none.
  void gives(int number) {
    const testing::ScriptedReply reply{one_value("place", std::to_string(number))};
    server.replies["SELECT CASE"] = reply;
    server.replies["SELECT -1"] = reply;
  }

  [[nodiscard]] Place place() const { return poller->place_at(loop.now()).place; }

  [[nodiscard]] bool is_left() const { return poller->is_left_to_others(loop.now()); }
};

TEST(PollerPlace, WithoutAClusterNobodyIsAskedForAPlace) {
  Scene scene;
  scene.tick();
  scene.run_for(3s);
  EXPECT_EQ(scene.server.times("SELECT CASE"), 0U);
  EXPECT_EQ(scene.poller->place_at(scene.loop.now()).place, Place::Observer);
}

TEST(PollerPlace, AnObserverClaimsOnceForEachConnection) {
  SharedScene scene;
  const testing::CapturedLog log;
  scene.tick();
  scene.run_for(5s);
  EXPECT_EQ(scene.place(), Place::Observer);
  EXPECT_FALSE(scene.is_left());
  EXPECT_EQ(scene.server.times("SELECT CASE"), 1U);
  EXPECT_GE(scene.server.times("TICK"), 5U);
  EXPECT_EQ(log.count("observes the server"), 1U);
}

TEST(PollerPlace, IsSettledAfterFiveTicks) {
  SharedScene scene;
  scene.tick();
  scene.run_for(4s);
  EXPECT_FALSE(scene.poller->place_at(scene.loop.now()).settled);
  scene.run_for(2s);
  EXPECT_TRUE(scene.poller->place_at(scene.loop.now()).settled);
  EXPECT_EQ(scene.poller->place_at(scene.loop.now()).server, "pg-1");
}

TEST(PollerPlace, WhoGetsNoneLeavesTheServerAndClosesItsConnection) {
  SharedScene scene;
  scene.gives(-1);
  scene.server.replies["SELECT extract"] = {one_value("postmaster_start_time", "1700000000.5")};
  scene.tick();
  scene.run_for(3s);
  EXPECT_EQ(scene.place(), Place::Waiting);
  EXPECT_TRUE(scene.is_left());
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
  EXPECT_TRUE(scene.poller->is_decided(scene.loop.now()));
  EXPECT_EQ(scene.server.times("TICK"), 0U);
  EXPECT_EQ(scene.server.open, 0);
  const auto sample = scene.poller->sample(scene.loop.now());
  EXPECT_TRUE(sample.left_to_others);
  EXPECT_EQ(sample.seen_postmaster_start_time, 1700000000.5) << "a restart is seen all the same";
}

TEST(PollerPlace, WhoWaitsComesBackEveryTenTicksOrSo) {
  SharedScene scene;
  scene.gives(-1);
  scene.tick();
  scene.run_for(60s);
  EXPECT_GE(scene.server.logins, 5);
  EXPECT_LE(scene.server.logins, 9);
}

TEST(PollerPlace, TheUnderstudyStaysConnectedAndTakesAPlaceThatBecomesFree) {
  SharedScene scene;
  const testing::CapturedLog log;
  scene.gives(2);
  scene.tick();
  scene.run_for(3s);
  EXPECT_EQ(scene.place(), Place::Understudy);
  EXPECT_TRUE(scene.is_left());
  EXPECT_EQ(scene.server.open, 1);
  EXPECT_EQ(scene.server.times("TICK"), 0U);
  EXPECT_EQ(scene.server.times("SELECT pg_catalog.pg_advisory_unlock"), 0U);
  scene.gives(1);
  scene.run_for(1100ms);
  EXPECT_EQ(scene.place(), Place::Observer);
  EXPECT_EQ(scene.server.times("SELECT pg_catalog.pg_advisory_unlock"), 1U)
      << "the next one may be the understudy";
  EXPECT_GE(scene.server.times("TICK"), 1U);
  EXPECT_EQ(scene.server.logins, 1);
  EXPECT_EQ(log.count("observes the server"), 1U);
}

TEST(PollerPlace, AServerThatHandsOutNoPlacesIsRead) {
  SharedScene scene;
  scene.server.replies["SELECT CASE"] = {testing::refused_query("permission denied")};
  scene.tick();
  scene.run_for(2s);
  EXPECT_EQ(scene.place(), Place::Observer);
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
}

TEST(PollerPlace, AClaimThatIsLostIsAFailureOfTheServer) {
  SharedScene scene;
  scene.server.replies["SELECT CASE"] = {lost_query()};
  scene.tick();
  scene.run_for(100ms);
  ASSERT_TRUE(scene.poller->failure(scene.loop.now()));
  EXPECT_EQ(scene.poller->failure(scene.loop.now())->message, "connection lost");
  EXPECT_EQ(scene.place(), Place::Unknown) << "of a server that does not answer nothing is known";
  scene.gives(0);
  scene.run_for(2100ms);
  EXPECT_EQ(scene.place(), Place::Observer);
}

TEST(PollerPlace, AClaimThatTheServerIsSilentOfIsATimeout) {
  SharedScene scene;
  scene.server.replies["SELECT CASE"].takes = 1h;
  scene.tick();
  scene.run_for(3100ms);
  ASSERT_TRUE(scene.poller->failure(scene.loop.now()));
  EXPECT_EQ(scene.poller->failure(scene.loop.now())->reason, FailureReason::Timeout);
  EXPECT_EQ(scene.server.open, 0);
}

TEST(PollerPlace, ALostConnectionLosesThePlaceAndClaimsAnew) {
  SharedScene scene;
  scene.tick();
  scene.run_for(1100ms);
  bool lost = false;
  scene.server.heard = [&](const std::string& sql) {
    if (sql == "TICK") {
      scene.server.replies["TICK"] = std::exchange(lost, true)
                                         ? testing::ScriptedReply{testing::tick_rows()}
                                         : testing::ScriptedReply{lost_query()};
    }
  };
  scene.run_for(1s);
  EXPECT_EQ(scene.server.times("SELECT CASE"), 2U);
  EXPECT_EQ(scene.place(), Place::Observer);
}

TEST(PollerPlace, APlaceThatAnotherTookMeanwhileIsNoFailure) {
  SharedScene scene;
  scene.tick();
  scene.run_for(1100ms);
  scene.gives(-1);
  scene.server.replies["TICK"] = {lost_query()};
  scene.run_for(1s);
  EXPECT_EQ(scene.place(), Place::Waiting);
  EXPECT_TRUE(scene.is_left());
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
}

TEST(PollerPlace, WhoHasABetterPlaceThanItShouldStepsDown) {
  SharedScene scene;
  const testing::CapturedLog log;
  scene.tick();
  scene.run_for(1100ms);
  scene.round();
  ASSERT_EQ(scene.server.open, 2);
  scene.gives(-1);
  scene.poller->want_place(Place::Waiting);
  scene.run_for(1s);
  EXPECT_EQ(scene.place(), Place::Waiting);
  EXPECT_EQ(scene.server.open, 0) << "of the rounds too";
  EXPECT_TRUE(scene.collected().empty());
  EXPECT_FALSE(scene.poller->sample(scene.loop.now()).tick);
  EXPECT_EQ(log.count("leaves the server to other exporters"), 1U);
  EXPECT_TRUE(scene.poller->counters().errors.empty()) << "nobody failed";
}

TEST(PollerPlace, SteppingDownInMidRoundIsNoFailureOfTheRound) {
  SharedScene scene;
  const testing::CapturedLog log;
  scene.tick();
  scene.run_for(1100ms);
  scene.server.replies["OFTEN"].takes = 2s;
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.run_for(100ms);
  scene.gives(-1);
  scene.poller->want_place(Place::Waiting);
  scene.run_for(4s);
  EXPECT_EQ(scene.ended, 1);
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
  EXPECT_TRUE(scene.collected().empty());
  EXPECT_EQ(log.count("query failed"), 0U);
}

TEST(PollerPlace, WhoShouldObserveAsksAtOnceInsteadOfWaiting) {
  SharedScene scene;
  scene.gives(-1);
  scene.tick();
  scene.run_for(1100ms);
  ASSERT_EQ(scene.server.logins, 1);
  scene.gives(0);
  scene.poller->want_place(Place::Observer);
  scene.run_for(1100ms);
  EXPECT_EQ(scene.place(), Place::Observer);
  EXPECT_FALSE(scene.is_left());
}

TEST(PollerPlace, ARoundWaitsUntilThePlaceIsKnown) {
  SharedScene scene;
  scene.server.login_takes = 300ms;
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.run_for(100ms);
  EXPECT_EQ(scene.server.tries, 0) << "nobody may read a server that is left to others";
  scene.tick();
  scene.run_for(1s);
  EXPECT_EQ(scene.ended, 1);
  EXPECT_EQ(scene.server.times("OFTEN"), 1U);
}

TEST(PollerPlace, ARoundOfAServerLeftToOthersAsksNothingAndEnds) {
  SharedScene scene;
  scene.gives(-1);
  scene.tick();
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.run_for(1s);
  EXPECT_EQ(scene.ended, 1);
  EXPECT_EQ(scene.server.times("OFTEN"), 0U);
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
}

TEST(PollerPlace, ARoundGivesUpWaitingWhenTheServerFails) {
  SharedScene scene;
  scene.server.refusal =
      session::ConnectError{.reason = FailureReason::Refused, .message = "no", .sqlstate = ""};
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.run_for(10ms);
  EXPECT_EQ(scene.ended, 0);
  scene.tick();
  scene.run_for(100ms);
  EXPECT_EQ(scene.ended, 1);
  EXPECT_EQ(scene.server.times("OFTEN"), 0U);
}

TEST(PollerPlace, ARoundGivesUpWaitingAtItsDeadline) {
  SharedScene scene;
  std::optional<Instant> ended;
  const Instant begin = scene.loop.now();
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 3s), ended));
  scene.run_for(4s);
  EXPECT_EQ(ended, begin + 3s);
  EXPECT_EQ(scene.server.tries, 0);
  scene.stop();
  EXPECT_TRUE(scene.poller->has_ended());
}

TEST(PollerPlace, AnUnderstudysConnectionThatEndedSaysNothingAgainstTheServer) {
  SharedScene scene;
  scene.gives(2);
  scene.tick();
  scene.run_for(1100ms);
  ASSERT_EQ(scene.place(), Place::Understudy);
  bool lost = false;
  scene.server.heard = [&](const std::string& sql) {
    if (sql.starts_with("SELECT CASE")) {
      scene.gives(2);
      if (!std::exchange(lost, true)) {
        scene.server.replies["SELECT CASE"] = {lost_query()};
      }
    }
  };
  scene.run_for(1s);
  EXPECT_TRUE(lost);
  EXPECT_EQ(scene.server.logins, 2);
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
  EXPECT_EQ(scene.place(), Place::Understudy);
  EXPECT_TRUE(scene.poller->counters().errors.empty());
}

TEST(PollerPlace, ThePlaceOfAServerThatFailsIsUnknown) {
  SharedScene scene;
  scene.gives(2);
  scene.tick();
  scene.run_for(1100ms);
  ASSERT_TRUE(scene.is_left());
  scene.server.replies["SELECT CASE"] = {lost_query()};
  scene.server.replies["SELECT -1"] = {lost_query()};
  scene.run_for(2s);
  EXPECT_FALSE(scene.is_left()) << "whether others read it is not known of one that is down";
  EXPECT_TRUE(scene.poller->failure(scene.loop.now()));
}

// A server that answers whatever it is asked without end.
TEST(PollerPlace, AnAnswerThatIsTooLargeIsAFailure) {
  SharedScene scene;
  const session::QueryResult flood =
      testing::failed_query({.reason = FailureReason::TooLarge, .message = "too long"});
  scene.server.replies["SELECT CASE"] = {flood};
  scene.server.replies["SELECT -1"] = {flood};
  scene.tick();
  scene.run_for(1100ms);
  ASSERT_TRUE(scene.poller->failure(scene.loop.now()));
  EXPECT_EQ(scene.poller->failure(scene.loop.now())->reason, FailureReason::TooLarge);
  EXPECT_TRUE(scene.poller->is_decided(scene.loop.now()));
  scene.gives(0);
  scene.run_for(15s);
  EXPECT_FALSE(scene.poller->failure(scene.loop.now()));
  EXPECT_EQ(scene.place(), Place::Observer);
}

}  // namespace
}  // namespace pgrepl::sampling
