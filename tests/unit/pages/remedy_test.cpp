// Advice that may do harm is given only where its cause is proven: all states, all causes.
#include "pages/problems.h"
#include "support/builders.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace pgrepl::pages {
namespace {

using cluster::Anomaly;
using cluster::PauseCause;
using cluster::StandbyState;
using testing::primary;
using testing::standby;

struct Scene {
  StandbyState state;
  PauseCause pause;
  bool wal_is_missing;
  bool archive_may_have_it;
  bool setting_is_low;
  bool slot_is_synced;
  bool slot_is_lost;
};

std::vector<Scene> all_scenes() {
  std::vector<Scene> scenes;
  std::vector<StandbyState> states{cluster::kStandbyStates.begin(), cluster::kStandbyStates.end()};
  states.push_back(StandbyState::Unknown);
  for (const StandbyState state : states) {
    for (const PauseCause pause :
         {PauseCause::Unknown,
          PauseCause::Requested,
          PauseCause::Settings,
          PauseCause::RecoveryTarget}) {
      for (unsigned bits = 0; bits < 32; ++bits) {
        scenes.push_back(
            {state,
             pause,
             (bits & 1U) != 0,
             (bits & 2U) != 0,
             (bits & 4U) != 0,
             (bits & 8U) != 0,
             (bits & 16U) != 0}
        );
      }
    }
  }
  return scenes;
}

WatchedCluster watched(const Scene& scene) {
  WatchedCluster made;
  cluster::ServerSample two = standby("pg-2").at("0/5");
  if (scene.state == StandbyState::Unreachable || scene.state == StandbyState::NeverSeen ||
      scene.state == StandbyState::Warm) {
    two = standby("pg-2").down();
  }
  cluster::Standby described;
  described.state = scene.state;
  described.pause_cause = scene.pause;
  if (scene.wal_is_missing) {
    described.missing_wal =
        cluster::MissingWal{"pg-1", pg::Lsn{1}, pg::Lsn{2}, scene.archive_may_have_it};
  }
  if (scene.setting_is_low) {
    described.low_settings = {{"max_connections", 100, 200}};
  }
  cluster::SlotStatus slot{.slot = {.name = "s", .type = "logical"}};
  slot.slot.synced = scene.slot_is_synced;
  slot.slot.wal_status = scene.slot_is_lost ? "lost" : "reserved";
  cluster::Server one{.sample = primary("pg-1").at("0/5"), .role = cluster::Role::Primary};
  cluster::Server second{.sample = two, .role = cluster::Role::Standby, .standby = described};
  second.slots = {slot};
  made.cluster.servers = {one, second};
  made.cluster.primary = 0;
  return made;
}

bool is_proven(const Scene& scene, const Problem& problem) {
  switch (problem.remedy) {
    case Remedy::Resume:
      return scene.state == StandbyState::Paused && scene.pause == PauseCause::Requested;
    case Remedy::Rebuild:
      return scene.wal_is_missing && !scene.archive_may_have_it;
    case Remedy::DropSlot:
      return scene.slot_is_lost && !scene.slot_is_synced;
    case Remedy::Promote:
    case Remedy::WeakenSetting:
      return false;  // nothing of one standby proves that
    default:
      return true;
  }
}

// The words of harmful statements, wherever they stand in the advice.
bool names_harm(const std::string& advice) {
  return advice.find("SELECT pg_wal_replay_resume") != std::string::npos ||
         advice.find("pg_promote") != std::string::npos ||
         advice.find("drop the slot") != std::string::npos ||
         advice.find("pg_drop_replication_slot") != std::string::npos ||
         advice.find("pg_basebackup") != std::string::npos ||
         advice.find("pg_rewind") != std::string::npos;
}

TEST(Advice, ThatMayHarmHasItsCauseProvenInEveryState) {
  std::size_t harmful = 0;
  for (const Scene& scene : all_scenes()) {
    for (const Problem& problem : find_problems(watched(scene))) {
      EXPECT_TRUE(is_proven(scene, problem)) << to_string(scene.state) << ": " << problem.advice;
      EXPECT_TRUE(!names_harm(problem.advice) || may_harm(problem.remedy)) << problem.advice;
      EXPECT_FALSE(problem.advice.empty()) << problem.message;
      harmful += may_harm(problem.remedy) ? 1U : 0U;
    }
  }
  EXPECT_GT(harmful, 0U) << "none was tried";
}

TEST(Advice, OfEachAnomalyIsThereAndHarmfulOnlyWhereTheAnomalyIsItsProof) {
  for (const Anomaly anomaly : cluster::kAnomalies) {
    WatchedCluster made;
    made.cluster.anomalies = {{anomaly, "evidence"}};
    const auto problems = find_problems(made);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_FALSE(problems[0].advice.empty()) << to_string(anomaly);
    EXPECT_EQ(problems[0].evidence, "evidence");
    EXPECT_TRUE(!names_harm(problems[0].advice) || may_harm(problems[0].remedy));
    const bool may = anomaly == Anomaly::TimelineDivergence || anomaly == Anomaly::CommitsWaiting;
    EXPECT_EQ(may_harm(problems[0].remedy), may) << to_string(anomaly);
  }
}

// To promote is advised for one who lost its upstream too, and not while the old primary answers.
TEST(Advice, PromotionNeedsACandidateWhoseUpstreamIsGone) {
  Scene scene{};
  scene.state = StandbyState::UpstreamDown;
  WatchedCluster made = watched(scene);
  made.cluster.primary.reset();
  made.cluster.servers[0].sample = primary("pg-1").down();
  made.cluster.best_candidate = "pg-2";
  made.cluster.anomalies = {{Anomaly::NoPrimary, "no server answers as a primary"}};
  EXPECT_EQ(find_problems(made).at(0).remedy, Remedy::Promote);
  made.cluster.servers[1].standby->state = StandbyState::Streaming;
  EXPECT_NE(find_problems(made).at(0).remedy, Remedy::Promote);
  made.cluster.servers[1].standby->state = StandbyState::UpstreamDown;
  made.cluster.anomalies = {{Anomaly::NoPrimary, "pg-1, the primary until now, is in recovery"}};
  EXPECT_NE(find_problems(made).at(0).remedy, Remedy::Promote);
}

}  // namespace
}  // namespace pgrepl::pages
