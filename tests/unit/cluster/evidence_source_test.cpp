// What may be claimed of where a standby gets its WAL from, and of what we may not see.
#include "pages/problems.h"
#include "support/film.h"

#include <array>
#include <cmath>
#include <cstdio>

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using namespace pgrepl::testing;

std::string segment(int number) {
  return pg::to_string(pg::Lsn{static_cast<std::uint64_t>(number) << 24U});
}

std::string segment_file(int number) {
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "0000000100000000%08X", number);
  return text.data();
}

std::string inside(int number, int bytes) {
  return pg::to_string(pg::Lsn{
      (static_cast<std::uint64_t>(number) << 24U) + 0x1000U + static_cast<std::uint64_t>(bytes)});
}

// Case 8: a segment is archived every `every` seconds, and replayed five seconds later.
Samples fed_by_archive(int second, int every, std::chrono::seconds delay) {
  const int complete = 10 + second / every;
  const int replayed = 10 + std::max(0, second - 5 - static_cast<int>(delay.count())) / every;
  return {
      primary("pg-1")
          .at(inside(complete, second % every * 100))
          .asked_at(second)
          .archived(segment_file(complete - 1)),
      standby("pg-2")
          .at(segment(replayed))
          .asked_at(second)
          .restores_from_archive()
          .apply_delay(delay)};
}

TEST(EvidenceArchive, StandbyFedByItDoesNotFlap) {
  for (const int every : {22, 600}) {
    Film film;
    film.run(0, 3 * every, [&](int second) { return fed_by_archive(second, every, {}); });
    EXPECT_EQ(film.state("pg-2"), StandbyState::ArchiveRecovery);
    EXPECT_EQ(film.count(EventKind::StandbyState, "pg-2"), 1U) << every;
    EXPECT_GT(film.lag("pg-2").value(), 0);
  }
}

TEST(EvidenceArchive, WithADelayItIsSteadilyDelayed) {
  Film film;
  film.run(0, 200, [](int second) { return fed_by_archive(second, 22, std::chrono::seconds{30}); });
  EXPECT_EQ(film.state("pg-2"), StandbyState::Delayed);
  EXPECT_EQ(film.count(EventKind::StandbyState, "pg-2"), 1U);
}

TEST(EvidenceArchive, StandbyThatStopsFollowingItIsDisconnected) {
  Film film;
  film.run(0, 66, [](int second) { return fed_by_archive(second, 22, {}); });
  film.run(67, 240, [](int second) {
    auto samples = fed_by_archive(second, 22, {});
    samples[1].tick->reading.position = lsn(segment(12));
    return samples;
  });
  EXPECT_EQ(film.state("pg-2"), StandbyState::Disconnected);
}

// Case 22.
TEST(EvidenceMissingWal, StandbyMustBeRebuiltAndWeSayWhichSegmentsProveIt) {
  Film film;
  film.run(0, 20, [](int second) {
    return Samples{
        primary("pg-1").at(inside(9, second)).asked_at(second).wal_from(segment(7)),
        standby("pg-2").at(inside(4, 0)).asked_at(second).restores_from_archive(false)};
  });
  EXPECT_EQ(film.state("pg-2"), StandbyState::Disconnected);
  ASSERT_TRUE(film.standby("pg-2").missing_wal);
  const auto& evidence = film.standby("pg-2").evidence;
  EXPECT_NE(evidence.find("0000000000000004"), std::string::npos) << evidence;
  EXPECT_NE(evidence.find("0000000000000007"), std::string::npos) << evidence;
  EXPECT_EQ(film.count(EventKind::StandbyState, "pg-2"), 1U) << "not archive_recovery first";
  const auto problems = pages::find_problems({.cluster = film.cluster()});
  EXPECT_EQ(problems.at(0).remedy, pages::Remedy::Rebuild);
}

TEST(EvidenceMissingWal, IsNotProvenWhileAnArchiveMayHaveIt) {
  Film film;
  film.run(0, 20, [](int second) {
    return Samples{
        primary("pg-1").at(inside(9, second)).asked_at(second).wal_from(segment(7)),
        standby("pg-2").at(inside(4, 0)).asked_at(second).restores_from_archive()};
  });
  for (const auto& problem : pages::find_problems({.cluster = film.cluster()})) {
    EXPECT_NE(problem.remedy, pages::Remedy::Rebuild) << problem.message;
  }
}

// Case 7.
TEST(EvidenceHidden, RoleThatMayNotLookClaimsNothing) {
  Film film;
  film.run(0, 10, [](int second) {
    auto one = primary("pg-1").at(wal(second)).asked_at(second).hidden();
    auto two = standby("pg-2").at(wal(second - 1)).asked_at(second).hidden();
    Samples samples{one, two};
    for (auto& sample : samples) {
      sample.facts->login = "watcher";
      sample.facts->has_monitor_rights = false;
      sample.facts->synchronous_standby_names = "pg-2";
    }
    samples[0].sync_waits = Seen<SyncWaits>::hidden();
    return samples;
  });
  EXPECT_TRUE(film.has(Anomaly::NotPermitted));
  EXPECT_EQ(film.state("pg-2"), StandbyState::Unknown);
  EXPECT_FALSE(film.cluster().sync_standbys);
  EXPECT_FALSE(film.cluster().commits_waiting);
  EXPECT_EQ(film.cluster().data_loss, Exposure{});
  EXPECT_NEAR(film.lag("pg-2").value(), 1, 0.01) << "positions are not hidden";
  const auto problems = pages::find_problems({.cluster = film.cluster()});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].severity, pages::Severity::Warning);
  EXPECT_EQ(problems[0].advice, "GRANT pg_monitor TO \"watcher\";");
}

// Case 18.
TEST(EvidenceWarm, StandbyThatTakesNoConnectionsIsKnownByItsUpstream) {
  Film film;
  film.run(0, 20, [](int second) {
    ServerSample warm = standby("pg-2").address("10.0.0.2").down(pg::FailureReason::StartingUp);
    warm.facts.reset();
    warm.failure->message =
        "the database system is not accepting connections; Hot standby mode is disabled.";
    return Samples{
        primary("pg-1")
            .at(wal(second))
            .asked_at(second)
            .sends(sender().from("10.0.0.2").replayed(wal(second - 4))),
        warm};
  });
  EXPECT_EQ(film.state("pg-2"), StandbyState::Warm);
  EXPECT_EQ(film.standby("pg-2").lag.basis, LagBasis::UpstreamView);
  EXPECT_NEAR(film.lag("pg-2").value(), 4, 1);
  EXPECT_FALSE(film.has(Anomaly::UnknownStandby));
  const auto problems = pages::find_problems({.cluster = film.cluster()});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].severity, pages::Severity::Warning);
}

// Case 26.
TEST(EvidenceNewExporter, SenderOfAFrozenStandbyIsNoUnknownStandby) {
  Film film;
  film.run(0, 5, [](int second) {
    ServerSample frozen = standby("pg-2").address("10.0.0.2").down(pg::FailureReason::Timeout);
    frozen.facts.reset();
    return Samples{
        primary("pg-1")
            .at(wal(second))
            .asked_at(second)
            .sends(sender("reporting").from("10.0.0.2").replayed(wal(0)))
            .sends(sender("other").from("10.0.0.3").replayed(wal(0))),
        frozen};
  });
  EXPECT_EQ(film.standby("pg-2").upstream->server, "pg-1");
  const std::string unknown = film.evidence(Anomaly::UnknownStandby);
  EXPECT_EQ(unknown.find("reporting"), std::string::npos);
  EXPECT_NE(unknown.find("other"), std::string::npos) << "whoever it is";
}

// Case 13.
Samples lower_setting(int second, bool paused) {
  auto two = standby("pg-2")
                 .at(wal(std::min(second, 10)))
                 .asked_at(second)
                 .receives_from("pg-1")
                 .version(170000)
                 .limit("max_connections", 100);
  if (paused) {
    two.paused();
  }
  return {
      primary("pg-1")
          .at(wal(second))
          .asked_at(second)
          .version(170000)
          .limit("max_connections", 200),
      two};
}

TEST(EvidencePause, SettingLowerThanThePrimarysIsToldAndNotResumed) {
  Film film;
  film.run(0, 20, [](int second) { return lower_setting(second, second > 10); });
  EXPECT_EQ(film.standby("pg-2").pause_cause, PauseCause::Settings);
  const auto problems = pages::find_problems({.cluster = film.cluster()});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].remedy, pages::Remedy::RaiseSetting);
  EXPECT_NE(problems[0].advice.find("max_connections to at least 200"), std::string::npos);
  EXPECT_EQ(problems[0].advice.find("pg_wal_replay_resume"), std::string::npos);
}

TEST(EvidencePause, SettingIsToldBeforeItStopsReplay) {
  Film film;
  film.show(0, lower_setting(0, false));
  const auto problems = pages::find_problems({.cluster = film.cluster()});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].kind, "low_setting");
}

TEST(EvidencePause, IsResumedOnlyWhenNothingElseCanHaveCausedIt) {
  Film film;
  const auto paused = [](std::int64_t limit, bool target, bool primary_answers) {
    auto two = standby("pg-2")
                   .at(wal(0))
                   .asked_at(0)
                   .receives_from("pg-1")
                   .version(170000)
                   .limit("max_connections", limit)
                   .paused();
    ServerSample standby_sample = two;
    standby_sample.facts->has_recovery_target = target;
    auto one = primary("pg-1").at(wal(0)).version(170000).limit("max_connections", 100);
    if (!primary_answers) {
      one.down();
    }
    return Samples{one, standby_sample};
  };
  film.show(0, paused(100, false, true));
  EXPECT_EQ(film.standby("pg-2").pause_cause, PauseCause::Requested);
  film.show(1, paused(100, true, true));
  EXPECT_EQ(film.standby("pg-2").pause_cause, PauseCause::RecoveryTarget);
  film.show(2, paused(100, false, false));
  EXPECT_EQ(film.standby("pg-2").pause_cause, PauseCause::Requested) << "it was proven before";
  Film silent;
  Samples running = paused(100, false, true);
  running[1].tick->reading.replay_paused = false;
  silent.show(0, running);
  silent.show(1, paused(100, false, false));
  EXPECT_EQ(silent.standby("pg-2").pause_cause, PauseCause::Unknown);
}

// Case 19.
TEST(EvidenceCascade, WithoutNamesIsTheSameTreeForEachOrderOfTheList) {
  Samples samples{
      primary("pg-1").at(wal(9)).asked_at(9).sends(sender().from("10.8.8.1").replayed(wal(9))),
      standby("pg-2").at(wal(9)).asked_at(9).receives_from("vip-1").sends(
          sender().from("10.8.8.2").replayed(wal(9))
      ),
      standby("pg-3").at(wal(9)).asked_at(9).receives_from("vip-2")};
  std::vector<std::size_t> order{0, 1, 2};
  do {
    Film film;
    film.show(9, {samples[order[0]], samples[order[1]], samples[order[2]]});
    ASSERT_TRUE(film.standby("pg-2").upstream && film.standby("pg-3").upstream);
    EXPECT_EQ(film.standby("pg-2").upstream->server, "pg-1");
    EXPECT_EQ(film.standby("pg-3").upstream->server, "pg-2");
  } while (std::ranges::next_permutation(order).found);
}

// Case 20: it vanishes at 10.2, its sender at once; one commit follows at 10.6, then nothing.
TEST(EvidenceVanished, LagIsCountedFromTheCommitItMissed) {
  Film film;
  film.run(0, 10, [](int second) {
    return Samples{
        primary("pg-1").at(wal(5)).asked_at(second).sends(sender().slot("s").replayed(wal(5))),
        standby("pg-2").at(wal(5)).asked_at(second).receives_from("pg-1", "s")};
  });
  for (int second = 11; second < 60; ++second) {
    // It is found out at 14 that it does not answer.
    auto two = standby("pg-2").at(wal(5)).asked_at(10).receives_from("pg-1", "s");
    if (second >= 14) {
      two.down();
    }
    film.show(second, {primary("pg-1").at(wal(6)).asked_at(second), two});
    if (second >= 14) {
      const double truth = second - 10.6;
      const auto& lag = film.standby("pg-2").lag;
      ASSERT_GT(lag.time->count(), 0);
      EXPECT_LE(std::abs(lag.time->count() - truth), lag.uncertainty->count()) << second;
      EXPECT_NEAR(lag.time->count(), truth, 1) << second;
    }
  }
}

// Case 25: a reading that was overtaken changes nothing.
TEST(EvidenceLateReading, OlderAnswerReplacesNoNewerOne) {
  Film film;
  film.run(0, 10, [](int second) {
    return Samples{
        primary("pg-1").at(wal(second)).asked_at(second),
        standby("pg-2").at(wal(second)).asked_at(second).receives_from("pg-1")};
  });
  film.show(
      10.5,
      {primary("pg-1").at(wal(8)).asked_at(8),
       standby("pg-2").at(wal(10)).asked_at(10).receives_from("pg-1")}
  );
  EXPECT_FALSE(film.has(Anomaly::PrimaryRewound));
  EXPECT_EQ(film.state("pg-2"), StandbyState::Streaming);
  EXPECT_NEAR(film.lag("pg-2").value(), 0, 1e-9);
}

// Case 29.
TEST(EvidenceConsumers, WhatDoesNotReplayIsNoStandby) {
  WalSender receivewal = sender("pg_receivewal").replayed(wal(9));
  receivewal.replay.reset();
  WalSender backup = sender("pg_basebackup").state("backup");
  Film film;
  film.show(
      9,
      {primary("pg-1")
           .at(wal(9))
           .asked_at(9)
           .sends(receivewal)
           .sends(backup)
           .sends(sender("sub").slot("sub", "logical").replayed(wal(9)))}
  );
  EXPECT_TRUE(film.cluster().anomalies.empty());
  EXPECT_EQ(film.cluster().data_loss, Exposure{});
}

}  // namespace
}  // namespace pgrepl::cluster
