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

TEST_F(Probing, RefusedLoginIsAFailureByItsReason) {
  stage.world.refusal =
      session::ConnectError{pg::FailureReason::Auth, "password authentication failed", "28P01"};
  start(endpoint());
  stage.run_for(500ms);
  ASSERT_TRUE(latest().failure);
  EXPECT_EQ(latest().failure->reason, pg::FailureReason::Auth);
  EXPECT_EQ(latest().failure->message, "password authentication failed");
  stage.world.refusal.reset();
  stage.run_for(1s);
  EXPECT_FALSE(latest().failure);
  EXPECT_TRUE(latest().reading);
}

TEST_F(Probing, EndpointIsToldAsItIsConfigured) {
  config::Endpoint any{.name = "any", .conninfo = {}, .expect = config::Expect::Any};
  any.conninfo.endpoint = {.host = "proxy", .port = 5000};
  any.conninfo.set_parameter("dbname", "shop");
  start(any);
  EXPECT_EQ(latest().name, "any");
  EXPECT_TRUE(latest().expects_any);
  EXPECT_EQ(latest().target, (pg::Endpoint{.host = "proxy", .port = 5000}));
  EXPECT_EQ(latest().database, "shop");
  EXPECT_FALSE(latest().reading || latest().failure) << "not tried yet";
}

TEST_F(Probing, DurationOfATryIsFromItsBeginningToItsAnswer) {
  stage.world.answer_takes = 300ms;
  start(endpoint());
  stage.run_for(500ms);
  EXPECT_EQ(latest().duration, 300ms);
}

TEST_F(Probing, WhereTheControlFileIsRefusedTheEndpointIsAskedWithoutIt) {
  std::vector<std::string> asked;
  stage.world.answer = [&asked](const std::string& sql) -> SimpleSession::Answer {
    asked.push_back(sql);
    if (sql.find("pg_control_system") != std::string::npos) {
      return Unexpected<session::ConnectError>{
          session::ConnectError{pg::FailureReason::Other, "permission denied", "42501"}};
    }
    return of_primary();
  };
  start(endpoint());
  stage.run_for(500ms);
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_TRUE(latest().reading);
  EXPECT_FALSE(latest().failure);
}

TEST_F(Probing, AnswerThatCannotBeReadIsAFailure) {
  stage.world.answer = [](const std::string&) -> SimpleSession::Answer {
    return pg::ResultSet{std::vector<std::string>{"something_else"}};
  };
  start(endpoint());
  stage.run_for(500ms);
  EXPECT_FALSE(latest().reading);
  ASSERT_TRUE(latest().failure);
  EXPECT_FALSE(latest().failure->message.empty());
}

TEST_F(Probing, TriesOfASlowEndpointDoNotPileUp) {
  stage.world.answer_takes = 1900ms;
  start(endpoint());
  stage.run_for(10s);
  EXPECT_LE(stage.world.simple_logins, 6) << "one begins where another has ended";
  EXPECT_TRUE(latest().reading);
}

class ProbingPgBouncer : public Probing {
 protected:
  // Each answer names its statement, and the how manieth of all it is.
  ProbingPgBouncer() {
    stage.world.answer = [this](const std::string& sql) -> SimpleSession::Answer {
      asked.push_back(sql);
      pg::ResultSet rows{std::vector<std::string>{"of", "number"}};
      rows.append(sql);
      rows.append(std::to_string(asked.size()));
      return rows;
    };
    start(pgbouncer());
  }

  [[nodiscard]] cluster::PgBouncerProbe console() const {
    Answers answers;
    prober->tell(answers);
    return answers.pgbouncers.at(0);
  }

  std::vector<std::string> asked;
};

TEST_F(ProbingPgBouncer, EveryQuestionIsAskedOnceATry) {
  stage.run_for(500ms);
  EXPECT_EQ(asked.size(), 7U);
  EXPECT_EQ(asked.front(), "SHOW VERSION");
  const auto reading = console().reading;
  ASSERT_TRUE(reading);
  EXPECT_TRUE(
      reading->version && reading->pools && reading->stats && reading->databases &&
      reading->lists && reading->config && reading->servers
  );
  stage.run_for(1s);
  EXPECT_EQ(asked.size(), 14U);
}

TEST_F(ProbingPgBouncer, QuestionThatAnOldOneRefusesCostsItselfAlone) {
  stage.world.answer = [](const std::string& sql) -> SimpleSession::Answer {
    if (sql == "SHOW CONFIG") {
      return Unexpected<session::ConnectError>{
          session::ConnectError{pg::FailureReason::Other, "permission denied", "42501"}};
    }
    return pg::ResultSet{std::vector<std::string>{"x"}};
  };
  stage.run_for(1500ms);
  const auto reading = console().reading;
  ASSERT_TRUE(reading);
  EXPECT_FALSE(reading->config);
  EXPECT_TRUE(reading->pools && reading->servers);
  EXPECT_EQ(stage.world.simple_logins, 1);
}

TEST_F(ProbingPgBouncer, WhatHasNoVersionIsNoConsole) {
  stage.world.answer = [](const std::string&) -> SimpleSession::Answer {
    return Unexpected<session::ConnectError>{
        session::ConnectError{pg::FailureReason::Other, "unrecognized parameter", "42704"}};
  };
  stage.run_for(500ms);
  EXPECT_FALSE(console().reading);
  ASSERT_TRUE(console().failure);
  EXPECT_EQ(console().failure->message, "unrecognized parameter");
}

// A connection that ends in mid-try: the answers are those of the next connection, all of them.
TEST_F(ProbingPgBouncer, AnswersOfTwoConnectionsAreNotMixed) {
  stage.run_for(500ms);
  stage.world.ends_at = "SHOW STATS";
  stage.run_for(1s);
  EXPECT_EQ(stage.world.simple_logins, 2) << "opened anew at once";
  const auto reading = console().reading;
  ASSERT_TRUE(reading && reading->version && reading->pools);
  // 7 before, 2 until the end, and 7 of the new connection.
  EXPECT_EQ(reading->version->at(0, 1), "10");
  EXPECT_EQ(reading->pools->at(0, 1), "11");
}

TEST_F(ProbingPgBouncer, LossOfTheNewConnectionTooIsAFailure) {
  stage.run_for(500ms);
  stage.world.refusal = session::ConnectError{pg::FailureReason::Other, "no more connections", ""};
  stage.world.ends_at = "SHOW POOLS";
  stage.run_for(1s);
  EXPECT_FALSE(console().reading);
  ASSERT_TRUE(console().failure);
  EXPECT_EQ(console().failure->message, "no more connections");
  stage.world.refusal.reset();
  stage.run_for(1s);
  EXPECT_TRUE(console().reading);
  EXPECT_FALSE(console().failure);
}

TEST_F(ProbingPgBouncer, SilenceIsAFailureByItsDeadlineAndHasNoSecondTry) {
  stage.run_for(500ms);
  const int logins = stage.world.simple_logins;
  stage.world.answer_takes = 1h;
  stage.run_for(3s);
  ASSERT_TRUE(console().failure);
  EXPECT_EQ(console().failure->reason, pg::FailureReason::Timeout);
  EXPECT_LE(stage.world.simple_logins, logins + 1);
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
