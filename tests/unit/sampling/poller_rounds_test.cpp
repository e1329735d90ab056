// What the connection of the rounds does, step by step.
#include "poller_scene.h"
#include "support/captured_log.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using pg::FailureReason;
using testing::lost_query;
using testing::one_value;
using testing::query_named;
using testing::refused_query;
using testing::ScriptedReply;
using testing::tick_rows;

session::ConnectError refused(FailureReason reason, const std::string& why) {
  return {.reason = reason, .message = why, .sqlstate = ""};
}

std::optional<cluster::Failure> failure(const Scene& scene) {
  return scene.poller->failure(scene.loop.now());
}

// A catalogue of the tick and of one query that runs where its predicate holds.
SharedQueries queries_with_a_predicate() {
  auto queries = std::make_shared<Queries>();
  auto tick = query_named("tick", "TICK");
  tick.feeds = catalogue::Feeds::Tick;
  auto guarded = query_named("guarded", "GUARDED");
  guarded.predicates = {{.sql = "PREDICATE", .keeps = 1min}};
  queries->catalogue.queries = {tick, guarded};
  return queries;
}

TEST(PollerRounds, LearnTheRoleBeforeTheFirstTick) {
  Scene scene;
  scene.round();
  ASSERT_GE(scene.server.asked.size(), 3U);
  EXPECT_EQ(scene.server.asked[0], "TICK");
  EXPECT_EQ(scene.server.asked[1], "TICK") << "each batch begins with one of its own";
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
  EXPECT_EQ(scene.poller->sample(scene.loop.now()).tick->reading.role, cluster::Role::Primary);
}

TEST(PollerRounds, ARoleThatCannotBeReadFailsTheRoundInWords) {
  Scene scene;
  scene.server.replies["TICK"] = {one_value("n", "1")};
  scene.round();
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->message, "the tick lacks in_recovery or server_time");
  EXPECT_TRUE(scene.collected().empty());
  EXPECT_EQ(scene.server.open, 0) << "a session that cannot be asked is not kept";
}

TEST(PollerRounds, ARefusedRoleFailsTheRound) {
  Scene scene;
  scene.server.replies["TICK"] = {refused_query("permission denied")};
  scene.round();
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->message, "permission denied");
}

TEST(PollerRounds, ReturnAtOnceForAServerThatTicksKnowNotToAnswer) {
  Scene scene;
  scene.server.refusal = refused(FailureReason::Refused, "Connection refused");
  scene.tick();
  scene.run_for(100ms);
  const int tries = scene.server.tries;
  std::optional<Instant> ended;
  const Instant begin = scene.loop.now();
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 3s), ended));
  scene.run_for(0ms);
  EXPECT_EQ(ended, begin);
  EXPECT_EQ(scene.server.tries, tries);
}

TEST(PollerRounds, ReturnAtOnceAfterStop) {
  Scene scene;
  scene.poller->stop();
  std::optional<Instant> ended;
  scene.spawn(scene.note_end(scene.poller->run_round(scene.loop.now() + 3s), ended));
  scene.run_for(0ms);
  EXPECT_TRUE(ended);
  EXPECT_EQ(scene.server.tries, 0);
  EXPECT_TRUE(scene.poller->has_ended());
}

TEST(PollerRounds, ALoginThatIsRefusedIsAFailureOfTheRoundAlone) {
  Scene scene;
  scene.tick();
  scene.run_for(100ms);
  scene.server.refusal = refused(FailureReason::TooManyConnections, "too many clients");
  scene.round();
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->reason, FailureReason::TooManyConnections);
  EXPECT_TRUE(scene.poller->answers(scene.loop.now())) << "its ticks are answered";
  EXPECT_TRUE(scene.poller->sample(scene.loop.now()).tick);
  EXPECT_TRUE(scene.collected().empty());
  EXPECT_EQ(scene.poller->counters().errors.at(FailureReason::TooManyConnections), 1U);
}

TEST(PollerRounds, RestForATickAfterAFailure) {
  Scene scene;
  scene.server.refusal = refused(FailureReason::Refused, "Connection refused");
  scene.round();
  ASSERT_EQ(scene.server.tries, 1);
  scene.round();
  EXPECT_EQ(scene.server.tries, 1) << "100 ms later";
  scene.run_for(1s);
  scene.server.refusal.reset();
  scene.round();
  EXPECT_EQ(scene.server.tries, 2);
  EXPECT_FALSE(failure(scene));
  EXPECT_TRUE(scene.collected().at("often").rows);
}

TEST(PollerRounds, RestForTenTicksAfterARefusedPassword) {
  Scene scene;
  scene.server.refusal = refused(FailureReason::Auth, "password authentication failed");
  scene.round();
  scene.run_for(9s);
  scene.round();
  EXPECT_EQ(scene.server.tries, 1);
  scene.run_for(1s);
  scene.round();
  EXPECT_EQ(scene.server.tries, 2);
}

TEST(PollerRounds, ALoginOfTheTickEndsTheirRest) {
  Scene scene;
  scene.server.refusal = refused(FailureReason::Auth, "password authentication failed");
  scene.round();
  scene.server.refusal.reset();
  scene.tick();
  scene.run_for(100ms);
  EXPECT_FALSE(failure(scene)) << "the server is back: what the round found says nothing of it";
  scene.round();
  EXPECT_TRUE(scene.collected().at("often").rows);
}

TEST(PollerRounds, AConnectionLostTwiceInARoundIsItsFailure) {
  Scene scene;
  scene.round();
  scene.run_for(1s);
  scene.server.replies["OFTEN"] = {lost_query()};
  scene.round();
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->message, "connection lost");
  EXPECT_EQ(scene.server.logins, 2);
  EXPECT_TRUE(scene.collected().at("often").rows == std::nullopt);
}

TEST(PollerRounds, AFreshConnectionThatIsLostHasNoSecondTry) {
  Scene scene;
  scene.server.replies["OFTEN"] = {lost_query()};
  scene.round();
  EXPECT_EQ(scene.server.logins, 1);
  EXPECT_TRUE(failure(scene));
}

TEST(PollerRounds, ATimeoutHasNoSecondTryAndEndsAtTheDeadline) {
  Scene scene;
  scene.round();
  scene.run_for(1s);
  scene.server.replies["OFTEN"].takes = 1h;
  std::optional<Instant> ended;
  const Instant begin = scene.loop.now();
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 3s), ended));
  scene.run_for(5s);
  EXPECT_EQ(ended, begin + 3s);
  EXPECT_EQ(scene.server.logins, 1);
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->reason, FailureReason::Timeout);
}

TEST(PollerRounds, AHurriedRoundGoesOnForItsTimeoutAndItsRowsAreKept) {
  Scene scene;
  scene.server.replies["OFTEN"].takes = 2s;
  std::optional<Instant> ended;
  const Instant begin = scene.loop.now();
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 500ms), ended));
  scene.run_for(600ms);
  EXPECT_EQ(ended, begin + 500ms);
  EXPECT_FALSE(failure(scene)) << "the caller's patience says nothing of the server";
  scene.run_for(1500ms);
  EXPECT_FALSE(failure(scene));
  EXPECT_TRUE(scene.collected().at("often").rows);
}

TEST(PollerRounds, AQueryThatFailsIsSaidOnceUntilItWorksAgain) {
  Scene scene;
  const testing::CapturedLog log;
  scene.server.replies["OFTEN"] = {refused_query("permission denied for view")};
  scene.round();
  scene.round();
  EXPECT_EQ(log.count("query failed"), 1U);
  EXPECT_EQ(scene.collected().at("often").error, "permission denied for view");
  EXPECT_FALSE(scene.collected().at("often").rows);
  EXPECT_TRUE(scene.collected().at("hourly").rows) << "it costs only itself";
  EXPECT_FALSE(failure(scene)) << "the server answered";
  EXPECT_EQ(scene.poller->counters().errors.at(FailureReason::Other), 2U);
  scene.server.replies["OFTEN"] = {one_value("n", "1")};
  scene.round();
  scene.server.replies["OFTEN"] = {refused_query("permission denied for view")};
  scene.round();
  EXPECT_EQ(log.count("query failed"), 2U);
}

TEST(PollerRounds, HowLongAQueryTookIsKept) {
  Scene scene;
  scene.server.replies["OFTEN"].takes = 40ms;
  scene.round();
  ASSERT_TRUE(scene.collected().at("often").seconds);
  EXPECT_DOUBLE_EQ(*scene.collected().at("often").seconds, 0.04);
}

TEST(PollerRounds, APredicateIsAskedFirstAndHoldsForItsTime) {
  Scene scene;
  scene.poller->use(queries_with_a_predicate());
  scene.server.replies["PREDICATE"] = {one_value("holds", "t")};
  scene.round();
  scene.round();
  EXPECT_EQ(scene.server.times("PREDICATE"), 1U);
  EXPECT_EQ(scene.server.times("GUARDED"), 2U);
  scene.run_for(1min);
  scene.round();
  EXPECT_EQ(scene.server.times("PREDICATE"), 2U);
}

TEST(PollerRounds, AQueryWhosePredicateDoesNotHoldIsNeitherAskedNorShown) {
  Scene scene;
  scene.poller->use(queries_with_a_predicate());
  scene.server.replies["PREDICATE"] = {one_value("holds", "f")};
  scene.round();
  EXPECT_EQ(scene.server.times("GUARDED"), 0U);
  EXPECT_FALSE(scene.collected().contains("guarded"));
  EXPECT_FALSE(failure(scene));
}

TEST(PollerRounds, APredicateThatFailsIsTheQuerysFailure) {
  Scene scene;
  const testing::CapturedLog log;
  scene.poller->use(queries_with_a_predicate());
  scene.server.replies["PREDICATE"] = {refused_query("no such function")};
  scene.round();
  EXPECT_EQ(scene.server.times("GUARDED"), 0U);
  ASSERT_TRUE(scene.collected().contains("guarded"));
  EXPECT_NE(scene.collected().at("guarded").error.find("no such function"), std::string::npos);
  EXPECT_EQ(log.count("query failed"), 1U);
}

TEST(PollerRounds, AConnectionLostUnderAPredicateIsTriedAgain) {
  Scene scene;
  scene.poller->use(queries_with_a_predicate());
  scene.server.replies["PREDICATE"] = {one_value("holds", "t")};
  scene.round();
  scene.run_for(1min);
  bool lost = false;
  scene.server.heard = [&](const std::string& sql) {
    if (sql.starts_with("PREDICATE")) {
      scene.server.replies["PREDICATE"] = std::exchange(lost, true)
                                              ? ScriptedReply{one_value("holds", "t")}
                                              : ScriptedReply{lost_query()};
    }
  };
  scene.round();
  EXPECT_TRUE(lost);
  EXPECT_FALSE(failure(scene));
  EXPECT_EQ(scene.server.times("GUARDED"), 2U);
}

TEST(PollerRounds, ACallerWhoComesBetweenTwoRoundsBeginsItsOwn) {
  Scene scene;
  scene.round();
  scene.round();
  scene.round();
  EXPECT_EQ(scene.server.times("OFTEN"), 3U);
  EXPECT_EQ(scene.server.times("HOURLY"), 1U) << "it is due once an hour";
  EXPECT_EQ(scene.server.logins, 1);
}

TEST(PollerRounds, StopInMidRoundReturnsTheCallerAtOnce) {
  Scene scene;
  scene.server.replies["OFTEN"].takes = 2s;
  std::optional<Instant> ended;
  const Instant begin = scene.loop.now();
  scene.spawn(scene.note_end(scene.poller->run_round(begin + 3s), ended));
  scene.run_for(500ms);
  scene.stop();
  EXPECT_EQ(ended, begin + 500ms);
  EXPECT_TRUE(scene.poller->has_ended());
  EXPECT_EQ(scene.server.open, 0);
}

TEST(PollerRounds, AnExceptionEndsTheRoundItsCallersGoOnAndTheConnectionIsNotKept) {
  Scene scene;
  bool thrown = false;
  scene.server.heard = [&](const std::string& sql) {
    if (sql == "OFTEN" && !std::exchange(thrown, true)) {
      throw std::runtime_error{"broken"};
    }
  };
  scene.round();
  EXPECT_EQ(scene.ended, 1);
  EXPECT_EQ(scene.server.open, 0) << "nobody knows what it was about to say";
  EXPECT_EQ(scene.failures.at("round"), 1);
  scene.round();
  EXPECT_EQ(scene.ended, 2);
  EXPECT_TRUE(scene.collected().at("often").rows);
  scene.round();
  EXPECT_EQ(scene.server.logins, 2) << "a round that ended well keeps its connection";
}

TEST(PollerRounds, OfAnotherTimeChangeNothing) {
  Scene scene;
  scene.tick();
  scene.run_for(100ms);
  scene.server.replies["OFTEN"].takes = 2500ms;
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.run_for(200ms);
  scene.server.replies["TICK"] = {refused_query("it fell silent")};
  scene.run_for(1s);
  scene.server.replies["TICK"] = {tick_rows()};
  scene.run_for(2s);
  ASSERT_TRUE(scene.poller->answers(scene.loop.now()));
  EXPECT_TRUE(scene.collected().empty()) << "it was asked before the server fell silent";
}

}  // namespace
}  // namespace pgrepl::sampling
