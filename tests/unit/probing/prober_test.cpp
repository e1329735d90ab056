#include "loop/supervisor.h"
#include "probing/kinds.h"
#include "probing/pace.h"
#include "support/captured_log.h"
#include "unit/watch/small_world.h"

#include <gtest/gtest.h>

namespace pgrepl::probing {
namespace {

using namespace std::chrono_literals;
using session::SimpleSession;

const config::Sampling kPace{.tick = 1s, .connect_timeout = 2s};

SimpleSession::Answer of_primary() {
  pg::ResultSet rows{std::vector<std::string>{
      "in_recovery", "transaction_read_only", "system_identifier", "postmaster_start_time"}};
  for (const char* cell : {"f", "off", "7", "1700000000.5"}) {
    rows.append(cell);
  }
  return rows;
}

class Probing : public ::testing::Test {
 protected:
  // Nothing may run any more when what it refers to is destroyed.
  void TearDown() override {
    if (prober) {
      prober->stop();
      stage.settle();
    }
  }

  Probing() {
    stage.world.answer = [](const std::string&) { return of_primary(); };
  }

  void start(const Target& target) {
    prober = make_prober(stage.loop, stage.network, target, kPace);
    loop::Turns turns{
        .name = prober->kind(),
        .turn = [this] { return prober->turn(); },
        .is_over = [this] { return prober->is_stopped(); },
        .failed = [this](const std::string& why) { prober->failed(why); }};
    supervisor.keep(prober.get(), std::move(turns));
  }

  static config::Endpoint endpoint() { return {.name = "rw", .conninfo = {}}; }

  static config::PgBouncer pgbouncer() { return {.name = "pooler", .conninfo = {}}; }

  [[nodiscard]] cluster::EndpointProbe latest() const {
    Answers answers;
    prober->tell(answers);
    return answers.endpoints.at(0);
  }

  testing::CapturedLog log;
  testing::SmallStage stage;
  int failures = 0;
  loop::Supervisor supervisor{stage.loop, [this](const std::string&) { failures += 1; }};
  std::unique_ptr<Prober> prober;
};

TEST(Pace, TryBeginsEveryTickButNotMoreThanOnceASecond) {
  const Instant began{1h};
  EXPECT_EQ(next_try(began, began + 10ms, 5s), began + 5s);
  EXPECT_EQ(next_try(began, began + 10ms, 100ms), began + 1s);
  EXPECT_EQ(next_try(began, began + 7s, 5s), began + 7s) << "at once after a long one";
}

TEST(Kinds, EveryKindOfTheConfigurationIsProbed) {
  config::Cluster configured;
  configured.endpoints = {{.name = "rw"}, {.name = "ro"}};
  configured.pgbouncers = {{.name = "pooler"}};
  const auto targets = targets_of(configured);
  ASSERT_EQ(targets.size(), 3U);
  const testing::SmallStage stage;
  auto& network = const_cast<testing::SmallWorldNetwork&>(stage.network);
  EXPECT_STREQ(make_prober(stage.loop, network, targets[0], kPace)->kind(), "endpoint");
  EXPECT_STREQ(make_prober(stage.loop, network, targets[2], kPace)->kind(), "pgbouncer");
}

TEST_F(Probing, EndpointIsTriedAnewEachTickOverANewConnection) {
  start(endpoint());
  stage.run_for(3500ms);
  EXPECT_EQ(stage.world.simple_logins, 4);
  ASSERT_TRUE(latest().reading);
  EXPECT_EQ(latest().reading->role, cluster::Role::Primary);
  EXPECT_FALSE(latest().failure);
}

TEST_F(Probing, AfterAnExceptionTheAnswerBeforeIsNotToldAnyMore) {
  start(endpoint());
  stage.run_for(500ms);
  ASSERT_TRUE(latest().reading);
  stage.world.answer = [](const std::string&) -> SimpleSession::Answer {
    throw std::runtime_error{"descriptor lost"};
  };
  stage.run_for(1s);
  EXPECT_EQ(failures, 1);
  EXPECT_FALSE(latest().reading);
  ASSERT_TRUE(latest().failure);
  EXPECT_EQ(latest().failure->message, "descriptor lost");
}

TEST_F(Probing, ProberGoesOnAfterAnException) {
  start(endpoint());
  stage.world.answer = [](const std::string&) -> SimpleSession::Answer {
    throw std::runtime_error{"descriptor lost"};
  };
  stage.run_for(500ms);
  stage.world.answer = [](const std::string&) { return of_primary(); };
  stage.run_for(2s);
  EXPECT_TRUE(latest().reading);
  EXPECT_FALSE(latest().failure);
}

TEST_F(Probing, LateAnswerIsAFailureByItsDeadline) {
  start(endpoint());
  stage.world.answer_takes = 10s;
  stage.run_for(2500ms);
  ASSERT_TRUE(latest().failure);
  EXPECT_EQ(latest().failure->reason, pg::FailureReason::Timeout);
}

TEST_F(Probing, WhatIsLeftToOthersIsNotTriedAndHasNothingToTell) {
  start(endpoint());
  stage.run_for(500ms);
  prober->leave_to_others();
  stage.run_for(1s);
  EXPECT_FALSE(latest().reading);
  EXPECT_FALSE(latest().failure);
  const int logins = stage.world.simple_logins;
  stage.run_for(5s);
  EXPECT_EQ(stage.world.simple_logins, logins);
  prober->take_back();
  stage.run_for(1s);
  EXPECT_TRUE(latest().reading);
}

TEST_F(Probing, PgBouncerKeepsItsConnectionAndOpensItAnewAfterAnException) {
  start(pgbouncer());
  stage.run_for(3500ms);
  EXPECT_EQ(stage.world.simple_logins, 1) << "each login is a line in its log";
  bool thrown = false;
  stage.world.answer = [&thrown](const std::string&) -> SimpleSession::Answer {
    if (!std::exchange(thrown, true)) {
      throw std::runtime_error{"descriptor lost"};
    }
    return of_primary();
  };
  stage.run_for(4s);
  EXPECT_EQ(stage.world.simple_logins, 2);
  Answers answers;
  prober->tell(answers);
  EXPECT_TRUE(answers.pgbouncers.at(0).reading);
}

// Whatever it waits for when it is stopped: it ends at once, and frees all that it has.
TEST_F(Probing, StopAtAnyMomentEndsItAtOnce) {
  stage.world.answer_takes = 500ms;
  for (auto moment = 0ms; moment < 3s; moment += 100ms) {
    start(endpoint());
    stage.run_for(moment);
    prober->stop();
    stage.settle();
    EXPECT_TRUE(prober->has_ended()) << moment.count();
    EXPECT_EQ(supervisor.running(), 0U) << moment.count();
  }
}

TEST_F(Probing, GoesOnForTheSameTargetAndPaceOnly) {
  prober = make_prober(stage.loop, stage.network, endpoint(), kPace);
  EXPECT_TRUE(prober->serves(endpoint(), kPace));
  config::Endpoint other = endpoint();
  other.name = "ro";
  EXPECT_FALSE(prober->serves(other, kPace));
  EXPECT_FALSE(prober->serves(pgbouncer(), kPace));
  EXPECT_FALSE(prober->serves(endpoint(), config::Sampling{.tick = 2s}));
}

}  // namespace
}  // namespace pgrepl::probing
