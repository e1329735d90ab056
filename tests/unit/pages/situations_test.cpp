// The words for two features of replication at once: would a person do harm by following them?
#include "pages/problems.h"
#include "unit/pages/picture_fixture.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace pgrepl::pages {
namespace {

using cluster::Anomaly;
using cluster::Chain;
using cluster::PauseCause;
using cluster::Role;
using cluster::StandbyState;
using pg::FailureReason;

constexpr auto npos = std::string::npos;

Problem problem_with(const WatchedCluster& watched, const std::string& words) {
  for (const Problem& problem : find_problems(watched)) {
    if (problem.message.find(words) != npos) {
      return problem;
    }
  }
  ADD_FAILURE() << "no problem says: " << words;
  return {};
}

// pg-1 was the primary of pg-2 and does not answer for `reason`; pg-2 has lost its receiver.
WatchedCluster without_primary(FailureReason reason) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[0].sample = primary("pg-1").down(reason);
  made.cluster.primary.reset();
  made.cluster.anomalies = {{Anomaly::NoPrimary, "no server answers as a primary"}};
  made.cluster.best_candidate = "pg-2";
  cluster::Server& two = made.cluster.servers[1];
  two.sample.tick->reading.receiver = cluster::Seen<cluster::WalReceiver>::none();
  two.standby->state = StandbyState::UpstreamDown;
  two.standby->upstream_answers = false;
  two.standby->chain = Chain::Broken;
  return made;
}

Problem no_primary(const WatchedCluster& watched) {
  return problem_with(watched, "no server answers as a primary");
}

TEST(NoPrimary, NobodyIsPromotedWhileThePrimaryRecoversOrEnds) {
  EXPECT_EQ(no_primary(without_primary(FailureReason::Refused)).remedy, Remedy::Promote);
  for (const auto reason : {FailureReason::StartingUp, FailureReason::ShuttingDown}) {
    const Problem problem = no_primary(without_primary(reason));
    EXPECT_EQ(problem.remedy, Remedy::Look);
    EXPECT_NE(problem.advice.find("Wait for pg-1"), npos);
  }
  WatchedCluster restarted = without_primary(FailureReason::StartingUp);
  restarted.cluster.servers[0].role.reset();
  EXPECT_EQ(no_primary(restarted).remedy, Remedy::Look) << "who it was is not known";
}

// The primary refuses our login, or its machine is out of our reach alone.
TEST(NoPrimary, NobodyIsPromotedWhileAStandbyIsConnectedToOne) {
  WatchedCluster made = without_primary(FailureReason::Auth);
  cluster::Server& two = made.cluster.servers[1];
  two.sample = standby("pg-2").replayed("0/100").receives_from("pg-1", "pg_2");
  two.standby->state = StandbyState::Streaming;
  two.standby->chain = Chain::Unknown;
  two.standby->last_message_age = cluster::Seconds{7};
  const Problem problem = no_primary(made);
  EXPECT_EQ(problem.remedy, Remedy::Look);
  EXPECT_NE(problem.advice.find("last heard 7 s ago"), npos) << problem.advice;
}

TEST(NoPrimary, PausedStandbyWithTheMostWalIsPromotedAsItIs) {
  WatchedCluster made = without_primary(FailureReason::Refused);
  made.cluster.servers[1].standby->state = StandbyState::Paused;
  made.cluster.servers[1].standby->replays_first = true;
  const Problem problem = no_primary(made);
  EXPECT_EQ(problem.remedy, Remedy::Promote);
  EXPECT_NE(problem.advice.find("a promotion ends its pause"), npos);
  EXPECT_NE(
      problem_with(made, "replay is paused on pg-2").message.find("it receives no WAL"), npos
  );
  made.cluster.servers[1].standby->upstream.reset();
  EXPECT_EQ(no_primary(made).remedy, Remedy::Promote) << "as after a restart of the exporter";
}

// A second primary is worse than a server that is down.
TEST(Silence, OldPrimaryIsNotToBeStartedAsItIs) {
  WatchedCluster made =
      watched("c", {primary("pg-1").down(), primary("pg-2").at("0/100").timeline(2)});
  made.cluster.servers[0].role = Role::Primary;
  const Problem problem = problem_with(made, "pg-1 does not answer");
  EXPECT_NE(problem.advice.find("second primary beside pg-2"), npos) << problem.advice;
  made.cluster.servers[0].role = Role::Standby;
  EXPECT_EQ(problem_with(made, "pg-1 does not answer").advice.find("second primary"), npos);
  made.cluster.servers[0].role = Role::Primary;
  made.cluster.servers[0].sample.facts->system_identifier = pg::SystemIdentifier{8};
  EXPECT_EQ(problem_with(made, "pg-1 does not answer").advice.find("second primary"), npos)
      << "it is of another cluster";
}

TEST(Silence, EachReasonHasItsOwnAdvice) {
  std::vector<std::string> seen;
  for (const auto reason :
       {FailureReason::Refused,
        FailureReason::Timeout,
        FailureReason::Auth,
        FailureReason::Tls,
        FailureReason::Dns,
        FailureReason::TooManyConnections,
        FailureReason::StartingUp,
        FailureReason::ShuttingDown}) {
    WatchedCluster made = healthy_pair();
    made.cluster.servers[1].sample = standby("pg-2").down(reason);
    const std::string advice = problem_with(made, "pg-2 does not answer").advice;
    EXPECT_EQ(std::ranges::find(seen, advice), seen.end()) << advice;
    seen.push_back(advice);
  }
}

// After a restart of the exporter, the old primary is a server that has never answered.
TEST(Silence, UnknownServerIsStartedAsAStandbyBesideAPrimary) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[1].sample = standby("pg-2").down(FailureReason::Refused);
  made.cluster.servers[1].role.reset();
  EXPECT_NE(problem_with(made, "pg-2").advice.find("start it as a standby of pg-1"), npos);
  made.cluster.primary.reset();
  EXPECT_EQ(problem_with(made, "pg-2").advice.find("as a standby"), npos);
}

TEST(Silence, StandbyThatWaitsForWalToBeConsistentIsNotJustStarting) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[1].sample = standby("pg-2").down(FailureReason::StartingUp);
  EXPECT_EQ(problem_with(made, "pg-2").advice.find("restore_command"), npos);
  made.cluster.servers[1].sample.failure->message =
      "the database system is not yet accepting connections";
  EXPECT_NE(problem_with(made, "pg-2").advice.find("restore_command"), npos);
  made.cluster.servers[1].role = Role::Primary;
  EXPECT_EQ(problem_with(made, "pg-2").advice.find("restore_command"), npos);
}

TEST(Silence, LowSettingIsToldWithItsReasonAndByVersion) {
  WatchedCluster made = healthy_pair();
  cluster::Server& two = made.cluster.servers[1];
  two.sample = standby("pg-2").version(150000).down();
  two.standby->low_settings = {{"max_connections", 100, 200}};
  EXPECT_NE(problem_with(made, "(refused)").message.find("does not start"), npos);
  two.sample.facts->version.number = 130000;
  EXPECT_NE(problem_with(made, "(refused)").message.find("before PostgreSQL 14"), npos);
}

TEST(Upstream, ThatStartsUpIsWaitedFor) {
  WatchedCluster made = without_primary(FailureReason::StartingUp);
  EXPECT_NE(problem_with(made, "pg-2 receives no WAL").advice.find("Wait for pg-1"), npos);
  made.cluster.servers[0].role.reset();
  made.cluster.servers[1].standby->upstream.reset();
  EXPECT_NE(problem_with(made, "pg-2 receives no WAL").advice.find("Wait for pg-1"), npos)
      << "as after a restart of the exporter";
}

TEST(Disconnected, DelayAndKeptTimelineAreCausesOfTheirOwn) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[1].standby->state = StandbyState::Disconnected;
  made.cluster.servers[1].standby->replays_first = true;
  const Problem delayed = problem_with(made, "recovery_min_apply_delay puts off");
  EXPECT_EQ(delayed.severity, Severity::Warning);
  made.cluster.servers[1].standby->kept_timeline = pg::TimelineId{1};
  EXPECT_NE(
      problem_with(made, "stays on timeline 1").advice.find("recovery_target_timeline = 'latest'"),
      npos
  );
}

// Commits wait for four reasons; only a standby that is gone is a reason to give durability up.
WatchedCluster with_waiting_commits() {
  cluster::WalSender row = sender("pg-2").slot("pg_2").replayed("0/100");
  row.sync_state = "sync";
  cluster::ServerSample one = primary("pg-1").at("0/100").sends(row);
  one.facts->synchronous_standby_names = "\"pg-2\"";
  WatchedCluster made =
      watched("c", {one, standby("pg-2").replayed("0/100").receives_from("pg-1", "pg_2")});
  made.cluster.anomalies = {{Anomaly::CommitsWaiting, "1 session(s) wait"}};
  made.cluster.commits_waiting = {.sessions = 1, .longest = cluster::Seconds{9}};
  return made;
}

TEST(WaitingCommits, AdviceIsForWhatKeepsTheStandbyFromConfirming) {
  WatchedCluster made = with_waiting_commits();
  cluster::Server& two = made.cluster.servers[1];
  const auto advice = [&made] { return problem_with(made, "1 session(s) wait"); };
  EXPECT_EQ(advice().remedy, Remedy::Look);
  EXPECT_NE(advice().advice.find("slow to confirm"), npos);
  two.standby->state = StandbyState::Paused;
  two.standby->pause_cause = PauseCause::Requested;
  EXPECT_EQ(advice().remedy, Remedy::Look);
  EXPECT_NE(advice().advice.find("its replay is paused"), npos);
  two.standby->state = StandbyState::Delayed;
  EXPECT_EQ(advice().remedy, Remedy::Look);
  EXPECT_NE(advice().advice.find("recovery_min_apply_delay"), npos);
  two.sample = standby("pg-2").down(FailureReason::Timeout);
  two.standby->state = StandbyState::Unreachable;
  EXPECT_EQ(advice().remedy, Remedy::WeakenSetting);
  EXPECT_NE(advice().advice.find("does not answer: bring it back"), npos);
}

TEST(WaitingCommits, StandbyOfAStandbyNeverConfirms) {
  WatchedCluster made = with_waiting_commits();
  made.cluster.servers[0].sample.facts->synchronous_standby_names = "\"pg-2\"";
  made.cluster.servers[1].standby->upstream->server = "pg-7";
  made.cluster.sync_standbys = cluster::SyncStandbys{.present = 0, .required = 1};
  const Problem problem = problem_with(made, "1 session(s) wait");
  EXPECT_EQ(problem.remedy, Remedy::Configure);
  EXPECT_NE(problem.advice.find("receives from pg-7"), npos);
}

TEST(Archive, ThatFailsIsToldAndIsWhyItsStandbyLags) {
  WatchedCluster made = lagging_pair(60, 2048);
  made.cluster.servers[0].sample.archiver = cluster::Archiver{.enabled = true, .is_failing = true};
  made.cluster.archive.bytes = 4096;
  made.cluster.servers[1].standby->state = StandbyState::ArchiveRecovery;
  EXPECT_EQ(problem_with(made, "fails to archive").severity, Severity::Warning);
  EXPECT_NE(problem_with(made, "behind the primary").advice.find("archive_command"), npos);
  made.cluster.archive.bytes = 1024;
  EXPECT_NE(problem_with(made, "behind the primary").advice.find("restore_command"), npos);
  made.cluster.servers[0].sample.archiver->is_failing = false;
  EXPECT_EQ(find_problems(made).size(), 1U);
}

TEST(Lag, BelowASilentUpstreamIsLookedForThere) {
  WatchedCluster made = lagging_pair(60, 2048);
  made.cluster.servers[1].standby->upstream_answers = false;
  EXPECT_NE(problem_with(made, "behind").advice.find("upstream pg-1 first"), npos);
}

TEST(InvalidSlot, SaysWhyAndWhatItsConsumerNeeds) {
  WatchedCluster made = healthy_pair();
  cluster::SlotStatus slot{.slot = {.name = "pg_2", .type = "physical"}};
  slot.slot.wal_status = "lost";
  made.cluster.servers[0].slots = {slot};
  EXPECT_NE(problem_with(made, "has lost WAL").advice.find("must be rebuilt"), npos);
  made.cluster.servers[1].sample.facts->restores_from_archive = true;
  EXPECT_NE(problem_with(made, "has lost WAL").advice.find("restore_command"), npos);
  cluster::ReplicationSlot& logical = made.cluster.servers[0].slots[0].slot;
  logical.type = "logical";
  logical.invalidation_reason = "wal_level_insufficient";
  EXPECT_NE(problem_with(made, "below logical").advice.find("wal_level = logical"), npos);
  logical.invalidation_reason = "rows_removed";
  EXPECT_NE(problem_with(made, "rows that it needs").advice.find("hot_standby_feedback"), npos);
}

TEST(Grants, AreNamedForEachRole) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[0].sample.facts->login = "plain";
  made.cluster.servers[0].sample.facts->has_monitor_rights = false;
  made.cluster.servers[1].sample.facts->login = "member";
  made.cluster.servers[1].sample.facts->has_monitor_rights = false;
  made.cluster.servers[1].sample.facts->is_monitor_member = true;
  made.cluster.anomalies = {{Anomaly::NotPermitted, "hidden"}};
  const std::string advice = problem_with(made, "hidden").advice;
  EXPECT_NE(advice.find("GRANT pg_monitor TO \"plain\""), npos);
  EXPECT_NE(advice.find("ALTER ROLE \"member\" INHERIT"), npos);
}

TEST(Divergence, SavesBeforeItRebuilds) {
  WatchedCluster made;
  made.cluster.anomalies = {{Anomaly::TimelineDivergence, "pg-1"}};
  EXPECT_NE(find_problems(made).at(0).advice.find("save what counts"), npos);
}

}  // namespace
}  // namespace pgrepl::pages
