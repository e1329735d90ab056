// What may be claimed of commits that wait, of slots, and of ways in.
#include "cluster/endpoint_events.h"
#include "pages/problems.h"
#include "support/film.h"

#include <limits>

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using namespace pgrepl::testing;

constexpr double kForever = std::numeric_limits<double>::infinity();

ServerSample waiting(int second, std::vector<SyncWait> sessions) {
  ServerSample sample = primary("pg-1").at(wal(second)).asked_at(second);
  sample.facts->synchronous_standby_names = "pg-2";
  sample.sync_waits = SyncWaits{.sessions = std::move(sessions), .read_at = instant(second)};
  return sample;
}

// Case 14.
TEST(EvidenceCommits, UnmetNamesAloneDoNotMakeCommitsWait) {
  Film film;
  film.run(0, 60, [](int second) { return Samples{waiting(second, {})}; });
  EXPECT_EQ(film.cluster().commits_waiting, (CommitsWaiting{.sessions = 0, .longest = {}}));
  EXPECT_FALSE(film.has(Anomaly::CommitsWaiting));
  for (const auto& problem : pages::find_problems({.cluster = film.cluster()})) {
    EXPECT_EQ(problem.severity, pages::Severity::Warning) << problem.message;
  }
}

TEST(EvidenceCommits, WaitIsCountedFromItsStatementOrTheLookBeforeIt) {
  Film film;
  film.show(0, {waiting(0, {})});
  film.show(15, {waiting(15, {{.pid = 7, .query_start = 1.7e9 + 12}})});
  EXPECT_NEAR(film.cluster().commits_waiting->longest->count(), 3, 1e-6);
  film.show(30, {waiting(30, {{.pid = 7, .query_start = 1.7e9 + 12}})});
  EXPECT_NEAR(film.cluster().commits_waiting->longest->count(), 18, 1e-6);
  EXPECT_TRUE(film.has(Anomaly::CommitsWaiting));
  // A statement that ran for long and waits only now.
  film.show(45, {waiting(45, {{.pid = 8, .query_start = 1.7e9 - 600}})});
  EXPECT_LE(film.cluster().commits_waiting->longest->count(), 15);
}

TEST(EvidenceCommits, LogicalConsumerIsNoSynchronousStandby) {
  WalSender logical = sender("sub").slot("sub", "logical").replayed(wal(1));
  WalSender physical = sender("pg-2").replayed(wal(1));
  logical.sync_state = physical.sync_state = "quorum";
  ServerSample one = primary("pg-1").at(wal(1)).sends(logical).sends(physical);
  one.facts->synchronous_standby_names = "ANY 2 (*)";
  Film film;
  EXPECT_EQ(film.show(0, {one}).sync_standbys, (SyncStandbys{.present = 1, .required = 2}));
}

// Case 16: 12 MB/s, a limit of 10 GB. `behind` says how far the consumer is at each second.
ServerSample busy(int second, double confirmed, bool active) {
  constexpr double kRate = 12e6;
  constexpr double kLimit = 10e9;
  const double end = 1e9 + kRate * second;
  ServerSample sample =
      primary("pg-1").at(pg::to_string(pg::Lsn{static_cast<std::uint64_t>(end)})).asked_at(second);
  sample.slots_read_at = instant(second);
  sample.slots = {
      {.name = "s",
       .type = "physical",
       .active = active,
       .restart = pg::Lsn{static_cast<std::uint64_t>(1e9 + confirmed)},
       .wal_status = "extended",
       .safe_wal_bytes = static_cast<std::int64_t>(kLimit - (end - 1e9 - confirmed))}};
  return sample;
}

double time_to_loss(const std::function<double(int)>& confirmed, bool active = true) {
  Film film;
  for (int second = 0; second <= 300; second += 15) {
    film.show(second, {busy(second, confirmed(second), active)});
  }
  const auto& found = film.server("pg-1").slots.at(0).time_to_loss;
  return found ? found->count() : -1;
}

TEST(EvidenceSlots, ConsumerThatKeepsUpIsNeverCutOff) {
  EXPECT_EQ(time_to_loss([](int second) { return 12e6 * second; }), kForever);
  // One that confirms in steps, and one that is a little behind.
  EXPECT_EQ(time_to_loss([](int second) { return 12e6 * (second / 30 * 30); }), kForever);
  EXPECT_EQ(time_to_loss([](int second) { return 12e6 * std::max(0, second - 40); }), kForever);
}

TEST(EvidenceSlots, ConsumerThatIsTooSlowIsCutOffByTheRateAtWhichItFallsBehind) {
  // It takes half of 12 MB/s: at 300 s it is 1.8 GB behind and loses 6 MB a second.
  EXPECT_NEAR(time_to_loss([](int second) { return 6e6 * second; }), (10e9 - 1.8e9) / 6e6, 150);
}

TEST(EvidenceSlots, ConsumerThatIsGoneIsCutOffByTheRateOfTheWal) {
  EXPECT_NEAR(time_to_loss([](int) { return 0.0; }, false), (10e9 - 300 * 12e6) / 12e6, 1);
}

TEST(EvidenceSlots, ConsumerThatIsConnectedAndStandsStillIsStuck) {
  Film film;
  for (int second = 0; second <= 600; second += 15) {
    film.show(second, {busy(second, 0, true)});
  }
  EXPECT_NEAR(film.server("pg-1").slots.at(0).stalled->count(), 585, 1);
  bool told = false;
  for (const auto& problem : pages::find_problems({.cluster = film.cluster()})) {
    told = told || problem.message.find("has not moved") != std::string::npos ||
           problem.message.find("about to lose") != std::string::npos;
  }
  EXPECT_TRUE(told);
  for (int second = 615; second <= 700; second += 15) {
    film.show(second, {busy(second, 12e6 * second, true)});
  }
  EXPECT_EQ(film.server("pg-1").slots.at(0).stalled, Seconds::zero());
}

TEST(EvidenceSlots, LagIsTheAgeOfWhatTheConsumerConfirmed) {
  Film film;
  for (int second = 0; second <= 120; ++second) {
    film.show(second, {busy(second, 12e6 * std::max(0, second - 40), true)});
  }
  EXPECT_NEAR(film.server("pg-1").slots.at(0).lag.time->count(), 40, 0.1);
}

// Case 15.
TEST(EvidenceSlots, WhatHoldsNoWalIsNoOrphan) {
  ReplicationSlot lost{.name = "lost", .type = "logical", .restart = lsn(wal(0))};
  lost.invalidation_reason = "rows_removed";
  ReplicationSlot temporary{.name = "temporary", .type = "physical", .restart = lsn(wal(0))};
  temporary.temporary = true;
  ReplicationSlot synced{.name = "synced", .type = "logical", .restart = lsn(wal(0))};
  synced.synced = true;
  const ReplicationSlot conflicts{
      .name = "pg_conflict_detection", .type = "physical", .restart = lsn(wal(0))};
  const ReplicationSlot unused{.name = "unused", .type = "physical"};
  Film film;
  for (const int second : {0, 400, 800}) {
    ServerSample one = primary("pg-1").at(wal(second)).asked_at(second);
    one.slots = {lost, temporary, synced, conflicts, unused};
    film.show(second, {one});
  }
  EXPECT_FALSE(film.has(Anomaly::OrphanedSlot));
  EXPECT_FALSE(film.server("pg-1").slots[0].holds_wal);
  EXPECT_FALSE(film.server("pg-1").slots[4].holds_wal);
  for (const auto& problem : pages::find_problems({.cluster = film.cluster()})) {
    const bool is_copy = problem.message.find("synced") != std::string::npos;
    EXPECT_FALSE(is_copy && problem.remedy == pages::Remedy::DropSlot) << problem.message;
  }
}

// Case 28.
TEST(EvidenceSlots, LogicalDecodingThatWaitsForAStandbyNamesIt) {
  Film film;
  for (int second = 0; second <= 60; second += 5) {
    ServerSample one = primary("pg-1").at(wal(second)).asked_at(second);
    one.facts->synchronized_standby_slots = {"pg_2"};
    ReplicationSlot sub{.name = "sub", .type = "logical", .active = true};
    sub.restart = sub.confirmed_flush = lsn(wal(0));
    sub.failover = true;
    one.slots = {sub, {.name = "pg_2", .type = "physical", .restart = lsn(wal(0))}};
    film.show(second, {one, standby("pg-2").down()});
  }
  EXPECT_EQ(film.server("pg-1").slots[0].waits_for, std::vector<std::string>{"pg_2"});
  const auto problems = pages::find_problems({.cluster = film.cluster()});
  const auto told =
      std::ranges::find(problems, std::string{"synchronized_standby_slots"}, &pages::Problem::kind);
  ASSERT_NE(told, problems.end());
  EXPECT_NE(told->message.find("pg_2"), std::string::npos);
}

// Case 17: what the archive brought counts, not what was streamed before.
TEST(EvidenceSlots, OfAStandbyThatFellBackToTheArchiveKeepNoNegativeBytes) {
  ServerSample two = standby("pg-2").at(wal(90)).received(wal(40)).asked_at(90);
  two.slots = {{.name = "pg_3", .type = "physical", .restart = lsn(wal(80))}};
  Film film;
  film.show(90, {two});
  EXPECT_EQ(film.server("pg-2").slots[0].retained_bytes, 0xA00U);
}

EndpointProbe probe(Role expect, double started, std::uint64_t birth = 7) {
  return {
      .name = "e",
      .expect = expect,
      .reading = EndpointReading{
          .role = expect,
          .system_identifier = pg::SystemIdentifier{birth},
          .postmaster_start_time = 1.7e9 + started}};
}

// Case 33.
TEST(EvidenceEndpoint, IsNotOkWhileNothingSaysThatItIsOfThisCluster) {
  const std::vector<EndpointProbe> probes{probe(Role::Primary, 5, 99)};
  const Samples down{primary("pg-1").down()};
  auto unknown = down;
  unknown[0].facts.reset();
  EXPECT_FALSE(describe_endpoints(probes, unknown)[0].ok);
  EXPECT_FALSE(describe_endpoints(probes, {})[0].ok);
  EXPECT_FALSE(describe_endpoints(probes, down)[0].ok);
  EXPECT_TRUE(describe_endpoints(probes, unknown, pg::SystemIdentifier{99})[0].ok);
}

std::size_t events_of(const EndpointProbe& probe, const Samples& samples, Memory& memory) {
  Cluster cluster;
  cluster.endpoints = describe_endpoints(std::vector{probe}, samples);
  return note_ways_in(cluster, memory).size();
}

TEST(EvidenceEndpoint, SwitchoverIsNoFlashOfAnUnknownServer) {
  const Samples samples{
      primary("pg-1").asked_at(9).started_at(1), standby("pg-2").asked_at(9).started_at(2)};
  Memory memory;
  EXPECT_EQ(events_of(probe(Role::Primary, 1), samples, memory), 1U);
  EXPECT_EQ(events_of(probe(Role::Primary, 8), samples, memory), 0U) << "restarted, not told yet";
  EXPECT_EQ(events_of(probe(Role::Primary, 2), samples, memory), 1U) << "it leads to pg-2 now";
}

// Case 32.
TEST(EvidenceEndpoint, BalancedOneIsSteady) {
  const Samples samples{
      standby("pg-2").asked_at(9).started_at(2), standby("pg-3").asked_at(9).started_at(3)};
  Memory memory;
  std::size_t events = 0;
  for (int i = 0; i < 50; ++i) {
    events += events_of(probe(Role::Standby, 2 + i % 2), samples, memory);
  }
  EXPECT_EQ(events, 2U) << "each of the two was told once";
  EXPECT_EQ(memory.endpoints.at("e").known_servers, (std::vector<std::string>{"pg-2", "pg-3"}));
  EndpointProbe either = probe(Role::Primary, 2);
  either.expects_any = true;
  EXPECT_TRUE(describe_endpoints(std::vector{either}, samples)[0].ok);
}

}  // namespace
}  // namespace pgrepl::cluster
