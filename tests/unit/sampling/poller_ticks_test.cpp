// What the connection of the tick does, step by step.
#include "poller_scene.h"
#include "support/captured_log.h"
#include "support/scratch_folder.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using pg::FailureReason;
using testing::lost_query;
using testing::lsn;
using testing::one_value;
using testing::tick_rows;

session::ConnectError refused(FailureReason reason, const std::string& why) {
  return {.reason = reason, .message = why, .sqlstate = ""};
}

pg::ResultSet standby_rows() {
  pg::ResultSet rows{std::vector<std::string>{"in_recovery", "server_time", "position"}};
  for (const char* value : {"t", "1700000000", "0/90"}) {
    rows.append(value);
  }
  return rows;
}

std::optional<cluster::Failure> failure(const Scene& scene) {
  return scene.poller->failure(scene.loop.now());
}

cluster::ServerSample sample(const Scene& scene) {
  return scene.poller->sample(scene.loop.now());
}

// When each statement with this beginning was begun.
std::vector<Instant> note_times(
    Scene& scene, const std::string& beginning, std::chrono::milliseconds span
) {
  std::vector<Instant> times;
  scene.server.heard = [&](const std::string& sql) {
    if (sql.starts_with(beginning)) {
      times.push_back(scene.loop.now());
    }
  };
  scene.run_for(span);
  scene.server.heard = [](const std::string&) {};
  return times;
}

// What a server refuses is asked again each minute, over the connection of the tick.
TEST(PollerTicks, SilenceWhenRefusedFunctionsAreAskedForIsAFailure) {
  Scene scene;
  const testing::CapturedLog log;
  const std::string probe = "SELECT 1 FROM pg_catalog.pg_stat_get_wal_receiver()";
  const auto not_permitted =
      testing::failed_query({.sqlstate = "42501", .message = "permission denied"});
  scene.server.replies[probe] = {not_permitted};
  scene.server.replies["TICK"] = {not_permitted};
  scene.tick();
  scene.run_for(500ms);
  scene.server.replies["TICK"] = {tick_rows("0/100")};
  scene.run_for(20s);
  ASSERT_FALSE(failure(scene));
  EXPECT_FALSE(sample(scene).capabilities.at("receiver"));
  scene.server.replies[probe].takes = 1h;
  scene.run_for(65s);
  ASSERT_TRUE(failure(scene)) << "it answered the tick, and nothing after it";
  EXPECT_EQ(failure(scene)->reason, FailureReason::Timeout);
  EXPECT_FALSE(sample(scene).tick);
  scene.server.replies[probe].takes = 1ms;
  scene.run_for(15s);
  EXPECT_FALSE(failure(scene));
}

TEST(PollerTicks, NothingIsKnownBeforeTheFirstAnswer) {
  const Scene scene;
  EXPECT_FALSE(scene.poller->is_decided(scene.loop.now()));
  EXPECT_FALSE(scene.poller->answers(scene.loop.now()));
  EXPECT_FALSE(failure(scene));
  EXPECT_FALSE(sample(scene).tick);
  EXPECT_EQ(sample(scene).name, "pg-1");
  EXPECT_EQ(scene.server.tries, 0);
}

TEST(PollerTicks, ItsSessionsHaveTheTimesOfTheConfiguration) {
  config::Sampling pace = kPace;
  pace.connect_timeout = 1500ms;
  pace.statement_timeout = 700ms;
  pace.lock_timeout = 30ms;
  const Scene scene{pace};
  ASSERT_TRUE(scene.server.options);
  EXPECT_EQ(scene.server.options->connect_timeout, 1500ms);
  EXPECT_EQ(scene.server.options->statement_timeout, 700ms);
  EXPECT_EQ(scene.server.options->lock_timeout, 30ms);
}

TEST(PollerTicks, AStandbyIsAskedOnMultiplesOfTheTickAndAPrimaryHalfATickLater) {
  for (const bool primary : {false, true}) {
    Scene scene;
    scene.server.replies["TICK"] = {primary ? tick_rows() : standby_rows()};
    scene.tick();
    scene.run_for(1600ms);
    const auto times = note_times(scene, "TICK", 4s);
    ASSERT_EQ(times.size(), 4U);
    for (const Instant at : times) {
      EXPECT_EQ(at.time_since_epoch() % 1s, primary ? 500ms : 0ms);
    }
  }
}

TEST(PollerTicks, OneConnectionServesAllOfThem) {
  Scene scene;
  scene.tick();
  scene.run_for(10s);
  EXPECT_GE(scene.server.times("TICK"), 10U);
  EXPECT_EQ(scene.server.logins, 1);
  EXPECT_EQ(scene.poller->counters().connections_opened, 1U);
  EXPECT_TRUE(scene.poller->counters().errors.empty());
}

TEST(PollerTicks, AServerThatRefusesIsDownForItsReasonAndTriedWithinTwoTicks) {
  Scene scene;
  scene.server.refusal = refused(FailureReason::Refused, "Connection refused");
  scene.tick();
  scene.run_for(100ms);
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->reason, FailureReason::Refused);
  EXPECT_EQ(failure(scene)->message, "Connection refused");
  EXPECT_TRUE(scene.poller->is_decided(scene.loop.now()));
  scene.run_for(20s);
  EXPECT_GE(scene.server.tries, 10);
  EXPECT_LE(scene.server.tries, 21);
  EXPECT_EQ(
      scene.poller->counters().errors.at(FailureReason::Refused),
      static_cast<std::uint64_t>(scene.server.tries)
  );
  scene.server.refusal.reset();
  scene.run_for(2001ms);
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
  EXPECT_FALSE(failure(scene));
}

TEST(PollerTicks, ARefusedPasswordIsTriedEveryTenTicks) {
  Scene scene;
  scene.server.refusal = refused(FailureReason::Auth, "password authentication failed");
  scene.tick();
  scene.run_for(9900ms);
  EXPECT_EQ(scene.server.tries, 1);
  scene.run_for(200ms);
  EXPECT_EQ(scene.server.tries, 2);
}

TEST(PollerTicks, AChangedPasswordFileIsTriedWithinATick) {
  const testing::ScratchFolder folder;
  pg::ConnInfo conninfo;
  conninfo.password_file = folder.write("password", "old");
  Scene scene{kPace, conninfo};
  scene.server.refusal = refused(FailureReason::Auth, "password authentication failed");
  scene.tick();
  scene.run_for(3s);
  EXPECT_EQ(scene.server.tries, 1);
  scene.server.refusal.reset();
  folder.write("password", "new and right");
  scene.run_for(1100ms);
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
}

// The tick logs in with the old password, and a round with the new one before the tick is refused.
TEST(PollerTicks, AChangedPasswordFileIsNewsForTheTickThoughARoundHasReadItFirst) {
  const testing::ScratchFolder folder;
  pg::ConnInfo conninfo;
  conninfo.password_file = folder.write("password", "old");
  Scene scene{kPace, conninfo};
  scene.server.login_takes = 500ms;
  scene.server.refusal = refused(FailureReason::Auth, "password authentication failed");
  scene.tick();
  scene.run_for(100ms);
  folder.write("password", "new and right");
  scene.spawn(scene.poller->run_round(scene.loop.now() + 3s));
  scene.run_for(100ms);
  ASSERT_EQ(scene.server.tries, 2) << "both are logging in";
  scene.run_for(500ms);
  ASSERT_TRUE(failure(scene));
  ASSERT_EQ(failure(scene)->reason, FailureReason::Auth);
  scene.server.refusal.reset();
  scene.run_for(2s);
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
}

TEST(PollerTicks, AServerThatHangsIsDownAfterATickAndThenForItsTimeout) {
  Scene scene;
  scene.tick();
  scene.run_for(1100ms);
  ASSERT_TRUE(scene.poller->answers(scene.loop.now()));
  scene.server.replies["TICK"].takes = 1h;
  scene.run_for(1s);  // the next tick has begun
  EXPECT_FALSE(failure(scene));
  scene.run_for(1s);
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->reason, FailureReason::Timeout);
  EXPECT_EQ(failure(scene)->message, "connected, but no answer for more than a tick");
  EXPECT_FALSE(sample(scene).tick) << "nothing older than an unanswered tick is shown";
  scene.run_for(2s);
  EXPECT_EQ(failure(scene)->message, "no answer in time");
  EXPECT_LE(scene.server.open, 1);
}

TEST(PollerTicks, AConnectionLostSinceTheLastTickIsReplacedAndSaysNothing) {
  Scene scene;
  const testing::CapturedLog log;
  scene.tick();
  scene.run_for(1100ms);
  bool lost = false;
  scene.server.heard = [&](const std::string& sql) {
    if (sql == "TICK") {
      scene.server.replies["TICK"] = std::exchange(lost, true)
                                         ? testing::ScriptedReply{tick_rows("0/900")}
                                         : testing::ScriptedReply{lost_query()};
    }
  };
  scene.run_for(1s);
  EXPECT_TRUE(lost);
  EXPECT_FALSE(failure(scene));
  EXPECT_TRUE(scene.poller->counters().errors.empty());
  EXPECT_EQ(scene.poller->counters().connections_opened, 2U);
  EXPECT_EQ(sample(scene).tick->reading.position, lsn("0/900"));
}

TEST(PollerTicks, AConnectionLostTwiceInARowIsAFailure) {
  Scene scene;
  scene.tick();
  scene.run_for(1100ms);
  scene.server.replies["TICK"] = {lost_query()};
  scene.run_for(1s);
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->message, "connection lost");
  EXPECT_EQ(scene.poller->counters().errors.at(FailureReason::Other), 1U);
}

TEST(PollerTicks, ATimeoutIsNotTriedTwice) {
  Scene scene;
  scene.tick();
  scene.run_for(1100ms);
  const int before = scene.server.tries;
  scene.server.replies["TICK"] = {testing::failed_query(
      {.reason = FailureReason::Timeout, .message = "no answer in time", .ends_session = true}
  )};
  scene.run_for(600ms);
  EXPECT_EQ(scene.server.tries, before);
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->reason, FailureReason::Timeout);
}

TEST(PollerTicks, AnAnswerThatCannotBeReadIsAFailureInWords) {
  Scene scene;
  scene.server.replies["TICK"] = {one_value("n", "1")};
  scene.tick();
  scene.run_for(100ms);
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->message, "the tick lacks in_recovery or server_time");
}

TEST(PollerTicks, ARefusedStatementIsAFailureAndKeepsTheConnection) {
  Scene scene;
  scene.server.replies["TICK"] = {testing::refused_query("permission denied")};
  scene.tick();
  scene.run_for(5s);
  ASSERT_TRUE(failure(scene));
  EXPECT_EQ(failure(scene)->message, "permission denied");
  EXPECT_EQ(scene.server.logins, 1);
  scene.server.replies["TICK"] = {tick_rows()};
  scene.run_for(2s);
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
}

TEST(PollerTicks, WhatWasKnownBeforeAFailureIsNotShownAfterIt) {
  Scene scene;
  scene.tick();
  scene.run_for(100ms);
  scene.round();
  ASSERT_FALSE(scene.collected().empty());
  scene.server.replies["TICK"] = {testing::refused_query("permission denied")};
  scene.run_for(2s);
  EXPECT_TRUE(scene.collected().empty());
  EXPECT_FALSE(sample(scene).tick);
  scene.server.replies["TICK"] = {tick_rows()};
  scene.run_for(2s);
  EXPECT_TRUE(sample(scene).tick);
  EXPECT_TRUE(scene.collected().empty()) << "until a round has asked anew";
}

TEST(PollerTicks, StopInTheMiddleOfTheWaitEndsItAtOnce) {
  Scene scene;
  scene.server.refusal = refused(FailureReason::Auth, "no");
  scene.tick();
  scene.run_for(100ms);
  scene.stop();
  EXPECT_TRUE(scene.poller->has_ended());
  EXPECT_EQ(scene.supervisor.running(), 0U);
  scene.run_for(1min);
  EXPECT_EQ(scene.server.tries, 1);
}

TEST(PollerTicks, StopInMidLoginOrMidTickIsNoFailure) {
  for (const char* moment : {"connect", "TICK"}) {
    Scene scene;
    const testing::CapturedLog log;
    scene.server.login_takes = 500ms;
    scene.server.replies["TICK"].takes = 500ms;
    bool reached = false;
    scene.server.heard = [&](const std::string& sql) { reached = reached || sql == moment; };
    scene.tick();
    while (!reached) {
      scene.run_for(100ms);
    }
    scene.run_for(100ms);
    scene.stop();
    EXPECT_TRUE(scene.poller->has_ended()) << moment;
    EXPECT_FALSE(failure(scene)) << moment;
    EXPECT_TRUE(scene.poller->counters().errors.empty()) << moment;
    EXPECT_TRUE(log.lines().empty()) << moment;
    EXPECT_EQ(scene.server.open, 0);
  }
}

TEST(PollerTicks, AnExceptionClosesTheConnectionOfTheTickAlone) {
  Scene scene;
  scene.tick();
  scene.run_for(100ms);
  scene.round();
  ASSERT_EQ(scene.server.open, 2);
  bool thrown = false;
  scene.server.heard = [&](const std::string& sql) {
    if (sql == "TICK" && !std::exchange(thrown, true)) {
      throw std::runtime_error{"broken"};
    }
  };
  while (!thrown) {
    scene.run_for(100ms);
  }
  EXPECT_EQ(scene.server.open, 1);
  scene.run_for(3s);
  EXPECT_EQ(scene.server.open, 2);
  EXPECT_TRUE(scene.poller->answers(scene.loop.now()));
}

}  // namespace
}  // namespace pgrepl::sampling
