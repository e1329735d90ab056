#include "pages/problems.h"

#include "unit/pages/picture_fixture.h"

#include <gtest/gtest.h>

namespace pgrepl::pages {
namespace {

using cluster::StandbyState;

// The only problem, as "severity server: message"; else how many there are.
std::string only_problem(const WatchedCluster& watched) {
  const auto problems = find_problems(watched);
  if (problems.size() != 1) {
    return std::to_string(problems.size()) + " problems";
  }
  const Problem& problem = problems.front();
  EXPECT_FALSE(problem.advice.empty());
  return std::string{to_string(problem.severity)} + " " + problem.server + ": " + problem.message;
}

WatchedCluster pair_in_state(StandbyState state) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[1].standby->state = state;
  return made;
}

TEST(Problems, HealthyClusterHasNone) {
  EXPECT_EQ(only_problem(healthy_pair()), "0 problems");
  EXPECT_EQ(health_of(find_problems(healthy_pair())), Health::Healthy);
}

TEST(Problems, LagCountsFromItsLimitsOn) {
  EXPECT_EQ(only_problem(lagging_pair(29.9, 1)), "0 problems");
  EXPECT_EQ(
      only_problem(lagging_pair(30, 2048)), "warning pg-2: pg-2 is 30 s (2 kB) behind the primary"
  );
  EXPECT_EQ(health_of(find_problems(lagging_pair(30, 1))), Health::Degraded);
  EXPECT_EQ(
      only_problem(lagging_pair(300, 1)), "critical pg-2: pg-2 is 5 min (1 B) behind the primary"
  );
  EXPECT_EQ(health_of(find_problems(lagging_pair(300, 1))), Health::Unhealthy);
}

TEST(Problems, ServersOwnLimitsWin) {
  WatchedCluster made = lagging_pair(50, 1);
  made.lag_limits["pg-2"] = {.warning = cluster::Seconds{60}, .critical = cluster::Seconds{70}};
  EXPECT_EQ(only_problem(made), "0 problems");
}

TEST(Problems, ConfiguredDelayIsNoLag) {
  WatchedCluster made = lagging_pair(3610, 1);
  made.cluster.servers[1].sample.facts->recovery_min_apply_delay = std::chrono::hours{1};
  EXPECT_EQ(only_problem(made), "0 problems");
  made.cluster.servers[1].standby->lag.time = cluster::Seconds{3640};
  EXPECT_EQ(
      only_problem(made),
      "warning pg-2: pg-2 is 1 h (1 B) behind the primary, 1 h of it as configured"
  );
}

TEST(Problems, StageWhereTheWalWaitsIsNamed) {
  WatchedCluster made = lagging_pair(40, 1);
  made.cluster.servers[1].standby->bottleneck = cluster::Stage::Replay;
  EXPECT_EQ(
      only_problem(made),
      "warning pg-2: pg-2 is 40 s (1 B) behind the primary; the WAL waits at stage replay"
  );
}

TEST(Problems, StatesOfStandbys) {
  EXPECT_EQ(only_problem(pair_in_state(StandbyState::Catchup)), "0 problems");
  EXPECT_EQ(only_problem(pair_in_state(StandbyState::ArchiveRecovery)), "0 problems");
  EXPECT_EQ(only_problem(pair_in_state(StandbyState::Delayed)), "0 problems");
  EXPECT_EQ(
      only_problem(pair_in_state(StandbyState::Paused)), "warning pg-2: replay is paused on pg-2"
  );
  EXPECT_EQ(
      only_problem(pair_in_state(StandbyState::Disconnected)), "critical pg-2: pg-2 receives no WAL"
  );
  EXPECT_EQ(
      only_problem(pair_in_state(StandbyState::UpstreamDown)),
      "critical pg-2: pg-2 receives no WAL: its upstream pg-1 does not answer"
  );
}

TEST(Problems, StateThatExplainsTheLagIsToldTogetherWithIt) {
  WatchedCluster made = lagging_pair(600, 2048);
  made.cluster.servers[1].standby->state = StandbyState::Paused;
  EXPECT_EQ(
      only_problem(made),
      "critical pg-2: replay is paused on pg-2; it is 10 min (2 kB) behind the primary"
  );
}

TEST(Problems, DivergedStandbyIsToldOnceByTheAnomalyThatNamesIt) {
  WatchedCluster made = pair_in_state(StandbyState::Diverged);
  made.cluster.anomalies = {{cluster::Anomaly::TimelineDivergence, "left behind: pg-2"}};
  EXPECT_EQ(only_problem(made), "critical : left behind: pg-2");
}

TEST(Problems, SilentServerSaysWhyAndWhetherItEverAnswered) {
  const auto made = watched("c", {primary("a").at("0/1"), standby("b").down()});
  EXPECT_EQ(only_problem(made), "critical b: b has never answered (refused): connection refused");
  WatchedCluster known = made;
  known.cluster.servers[1].role = cluster::Role::Standby;
  EXPECT_EQ(only_problem(known), "critical b: b does not answer (refused): connection refused");
}

TEST(Problems, MissingStandbysAndWaitingCommits) {
  WatchedCluster made = healthy_pair();
  made.expected_standbys = 2;
  EXPECT_EQ(only_problem(made), "warning : 1 of 2 expected standbys follow the primary");
  made.expected_standbys = 1;
  EXPECT_EQ(only_problem(made), "0 problems");
  made.cluster.sync_standbys = cluster::SyncStandbys{.present = 0, .required = 1};
  EXPECT_EQ(
      only_problem(made),
      "warning : synchronous_standby_names asks for 1 standbys, 0 are connected; no commit is seen "
      "to wait"
  );
}

TEST(Problems, SilentPgBouncerIsCritical) {
  WatchedCluster made = healthy_pair();
  auto& probe = made.cluster.pgbouncers.emplace_back().probe;
  probe.name = "b-1";
  EXPECT_EQ(only_problem(made), "0 problems");
  probe.failure = cluster::Failure{pg::FailureReason::Timeout, "no answer in time"};
  EXPECT_EQ(
      only_problem(made), "critical : PgBouncer b-1 does not answer (timeout): no answer in time"
  );
}

TEST(Problems, EndpointsThatLeadToTheWrongServerOrNowhere) {
  WatchedCluster made = healthy_pair();
  auto& endpoint = made.cluster.endpoints.emplace_back();
  endpoint.probe.name = "write";
  EXPECT_EQ(only_problem(made), "0 problems");
  endpoint.probe.reading = cluster::EndpointReading{.role = cluster::Role::Standby};
  endpoint.server = "pg-2";
  EXPECT_EQ(
      only_problem(made),
      "critical : endpoint write should lead to a primary, and leads to pg-2, a standby"
  );
  endpoint.probe.reading = cluster::EndpointReading{.read_only = true};
  endpoint.server.reset();
  EXPECT_EQ(
      only_problem(made),
      "critical : endpoint write should lead to a primary, and leads to a read-only primary "
      "that is not of this cluster"
  );
  endpoint.probe.reading.reset();
  endpoint.probe.failure = cluster::Failure{pg::FailureReason::Refused, "connection refused"};
  EXPECT_EQ(
      only_problem(made), "critical : endpoint write does not answer (refused): connection refused"
  );
}

TEST(Problems, SlotsThatLoseWal) {
  WatchedCluster made = healthy_pair();
  cluster::SlotStatus slot{
      .slot = {.name = "s", .wal_status = "reserved"},
      .retained_bytes = {},
      .time_to_loss = cluster::Seconds{7200},
      .inactive = {}};
  made.cluster.servers[0].slots = {slot};
  EXPECT_EQ(only_problem(made), "0 problems");
  made.cluster.servers[0].slots[0].time_to_loss = cluster::Seconds{600};
  EXPECT_EQ(
      only_problem(made),
      "warning pg-1: slot s of pg-1 is about to lose WAL its consumer still needs, in 10 min at "
      "the present rate"
  );
  made.cluster.servers[0].slots[0].slot.wal_status = "lost";
  EXPECT_EQ(
      only_problem(made), "critical pg-1: slot s of pg-1 has lost WAL its consumer still needs"
  );
}

TEST(Problems, MostSevereFirst) {
  WatchedCluster made = pair_in_state(StandbyState::Paused);
  made.cluster.anomalies = {
      {cluster::Anomaly::OrphanedSlot, "orphan"}, {cluster::Anomaly::NoPrimary, "nobody"}};
  const auto problems = find_problems(made);
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0].message, "nobody");
  EXPECT_EQ(problems[1].message, "orphan");
  EXPECT_EQ(problems[2].message, "replay is paused on pg-2");
}

}  // namespace
}  // namespace pgrepl::pages
