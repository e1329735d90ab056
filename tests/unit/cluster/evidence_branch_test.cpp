// What may be claimed of branches of the WAL: timelines, other clusters, a primary that went back.
#include "pages/server_check.h"
#include "support/film.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using namespace pgrepl::testing;

// Case 1: pg-2 was promoted at 20; pg-3 still names pg-1 as its upstream, and follows the new
// timeline through the archive. Its control file shows the old timeline until its next
// restartpoint.
Samples follows_by_archive(int second, std::uint32_t timeline_shown) {
  return {
      primary("pg-1").down(),
      primary("pg-2").at(wal(second)).timeline(2).asked_at(second).promoted_at(wal(20)),
      standby("pg-3")
          .at(wal(second - 3))
          .asked_at(second)
          .timeline(timeline_shown)
          .control(1, wal(5))
          .restores_from_archive(),
  };
}

TEST(EvidenceFollowsByArchive, IsNeverDivergedForALateTimeline) {
  Film film;
  film.run(0, 20, [](int second) {
    return Samples{
        primary("pg-1").at(wal(second)).asked_at(second),
        standby("pg-2").at(wal(second)).asked_at(second).receives_from("pg-1"),
        standby("pg-3").at(wal(second)).asked_at(second).receives_from("pg-1")};
  });
  for (int second = 21; second < 90; ++second) {
    film.show(second, follows_by_archive(second, 1));
    ASSERT_EQ(film.state("pg-3"), StandbyState::ArchiveRecovery) << second;
    ASSERT_FALSE(film.has(Anomaly::TimelineDivergence));
    ASSERT_NEAR(film.lag("pg-3").value(), 3, 0.01) << second;
  }
}

TEST(EvidenceFollowsByArchive, FromTheFirstTickOfAnExporterOn) {
  Film film;
  film.show(40, follows_by_archive(40, 1));
  EXPECT_EQ(film.state("pg-3"), StandbyState::ArchiveRecovery);
  EXPECT_FALSE(film.has(Anomaly::TimelineDivergence));
}

// Cases 3 and 4: the old primary wrote up to 25 before it died; pg-2 was promoted at 20.
Samples old_primary_returns(int second, bool promotion_is_known) {
  auto promoted = primary("pg-2").at(wal(second)).timeline(2).asked_at(second);
  if (promotion_is_known) {
    promoted.promoted_at(wal(20));
  }
  return {
      promoted,
      standby("pg-1").at(wal(25)).asked_at(second).timeline(1).control(1, wal(24.5)),
  };
}

TEST(EvidenceOldPrimary, IsDivergedThoughTheExporterSawNothingOfIt) {
  Film film;
  film.show(100, old_primary_returns(100, true));
  EXPECT_EQ(film.state("pg-1"), StandbyState::Diverged);
  EXPECT_EQ(film.standby("pg-1").lag, ReplicationLag{});
  EXPECT_FALSE(pages::check_replica(film.server("pg-1"), {}).passed);
  EXPECT_NE(film.standby("pg-1").evidence.find("timeline 1"), std::string::npos);
  EXPECT_NE(film.standby("pg-1").evidence.find(wal(20)), std::string::npos)
      << "the true switch point, not where it was first seen";
}

TEST(EvidenceOldPrimary, IsNotCalledDivergedByABoundAlone) {
  Film film;
  film.show(100, old_primary_returns(100, false));
  EXPECT_NE(film.state("pg-1"), StandbyState::Diverged);
}

TEST(EvidenceOldPrimary, IsDivergedByABoundItIsBeyond) {
  Film film;
  film.show(22, old_primary_returns(22, false));
  EXPECT_EQ(film.state("pg-1"), StandbyState::Diverged);
  EXPECT_NE(film.standby("pg-1").evidence.find("or before"), std::string::npos);
}

// Case 27: its receiver comes and goes.
TEST(EvidenceOldPrimary, RetriesAreOneEvent) {
  Film film;
  for (int second = 100; second < 160; ++second) {
    auto samples = old_primary_returns(second, true);
    if (second % 2 == 0) {
      samples[1].tick->reading.receiver = WalReceiver{.status = "starting"};
      samples[0].tick->reading.senders.push_back(sender("pg-1").state("startup"));
    }
    film.show(second, samples);
    ASSERT_EQ(film.state("pg-1"), StandbyState::Diverged);
    ASSERT_FALSE(film.has(Anomaly::UnknownStandby));
  }
  EXPECT_EQ(film.count(EventKind::StandbyState, "pg-1"), 1U);
  EXPECT_EQ(film.count(EventKind::AnomalyBegan), 1U);
}

// A rewound one is on the branch again, and goes on from before where it was.
TEST(EvidenceOldPrimary, IsForgivenOnceItWasRewound) {
  Film film;
  film.show(100, old_primary_returns(100, true));
  film.run(101, 110, [](int second) {
    return Samples{
        primary("pg-2").at(wal(second)).timeline(2).asked_at(second).promoted_at(wal(20)),
        standby("pg-1").at(wal(second)).timeline(2).asked_at(second).receives_from("pg-2")};
  });
  EXPECT_EQ(film.state("pg-1"), StandbyState::Streaming);
  EXPECT_NEAR(film.lag("pg-1").value(), 0, 1e-9);
}

// Case 2.
Samples with_stranger(int second, bool stranger_is_primary) {
  auto stranger = stranger_is_primary ? primary("pg-9") : standby("pg-9");
  return {
      primary("pg-1")
          .at(wal(second))
          .asked_at(second)
          .sends(sender("pg-2").replayed(wal(second - 2))),
      standby("pg-2")
          .at(wal(second - 2))
          .asked_at(second)
          .receives_from("pg-1", std::nullopt, "pg-2"),
      stranger.at("9/0").asked_at(second).started_at(5).system_identifier(99),
  };
}

TEST(EvidenceStranger, IsForeignAndTouchesNothing) {
  for (const bool is_primary : {false, true}) {
    Film film;
    film.run(10, 30, [&](int second) { return with_stranger(second, is_primary); });
    EXPECT_EQ(film.state("pg-9"), StandbyState::Foreign);
    EXPECT_FALSE(film.lag("pg-9"));
    EXPECT_FALSE(film.standby("pg-9").failover_ready);
    EXPECT_FALSE(pages::check_replica(film.server("pg-9"), {}).passed);
    EXPECT_EQ(film.cluster().best_candidate, "pg-2");
    EXPECT_EQ(film.cluster().data_loss.bytes, 0x200U);
    EXPECT_EQ(film.cluster().primaries, 1U);
    EXPECT_EQ(film.cluster().primary, 0U);
    EXPECT_NEAR(film.lag("pg-2").value(), 2, 0.01);
    EXPECT_FALSE(film.has(Anomaly::SplitBrain));
    EXPECT_TRUE(film.has(Anomaly::MixedSystemIdentifiers));
    EXPECT_EQ(film.count(EventKind::StandbyState, "pg-9"), 1U);
  }
}

TEST(EvidenceStranger, DoesNotBecomeThePrimaryWhileOursIsDown) {
  Film film;
  film.run(10, 20, [](int second) { return with_stranger(second, true); });
  film.run(21, 40, [](int second) {
    auto samples = with_stranger(second, true);
    samples[0] = primary("pg-1").down();
    return samples;
  });
  EXPECT_TRUE(film.has(Anomaly::NoPrimary));
  EXPECT_FALSE(film.cluster().primary);
  EXPECT_EQ(film.cluster().failovers, 0U);
  EXPECT_EQ(film.count(EventKind::Rebuilt), 0U);
}

// Case 12.
TEST(EvidenceTwoClusters, EachStandbyIsMeasuredAgainstItsOwnPrimary) {
  Film film;
  film.run(10, 40, [](int second) {
    return Samples{
        primary("a-1").at(wal(second)).asked_at(second),
        standby("a-2").at(wal(second - 2)).asked_at(second).receives_from("a-1"),
        primary("b-1").at(wal(1000 + second)).asked_at(second).system_identifier(99),
        standby("b-2")
            .at(wal(1000 + second - 5))
            .asked_at(second)
            .receives_from("b-1")
            .system_identifier(99)};
  });
  EXPECT_NEAR(film.lag("a-2").value(), 2, 0.01);
  EXPECT_NEAR(film.lag("b-2").value(), 5, 0.01);
  EXPECT_EQ(film.state("b-2"), StandbyState::Streaming);
  EXPECT_TRUE(film.has(Anomaly::MixedSystemIdentifiers));
  EXPECT_FALSE(film.has(Anomaly::SplitBrain));
}

// Case 24.
TEST(EvidenceRebuilt, NewIdentifierIsAFreshMemory) {
  Film film;
  film.run(0, 50, [](int second) {
    return Samples{
        primary("pg-1").at(wal(second + 9000)).timeline(4).asked_at(second),
        standby("pg-2").at(wal(second + 9000)).timeline(4).asked_at(second).receives_from("pg-1")};
  });
  film.run(60, 62, [](int second) {
    return Samples{
        primary("pg-1").at(wal(second)).asked_at(second).started_at(55).system_identifier(8),
        standby("pg-2").down()};
  });
  film.run(63, 70, [](int second) {
    return Samples{
        primary("pg-1").at(wal(second)).asked_at(second).started_at(55).system_identifier(8),
        standby("pg-2")
            .at(wal(second - 1))
            .asked_at(second)
            .receives_from("pg-1")
            .system_identifier(8)};
  });
  EXPECT_EQ(film.count(EventKind::Rebuilt), 1U);
  EXPECT_EQ(film.count(EventKind::Rewound), 0U);
  EXPECT_EQ(film.cluster().primary, 0U);
  EXPECT_EQ(film.cluster().timeline, pg::TimelineId{1});
  EXPECT_EQ(film.state("pg-2"), StandbyState::Streaming);
  EXPECT_NEAR(film.lag("pg-2").value(), 1, 0.01);
  EXPECT_TRUE(film.cluster().anomalies.empty());
}

// Case 5: a snapshot of 100 comes back at 200.
Samples restored(int second, double standby_at) {
  return {
      primary("pg-1").at(wal(second - 100)).asked_at(second).started_at(second < 200 ? 0 : 200),
      standby("pg-2").at(wal(standby_at)).asked_at(second).timeline(1)};
}

TEST(EvidenceRewind, PrimaryThatWentBackIsNotHealthy) {
  Film film;
  film.run(0, 199, [](int second) {
    return Samples{
        primary("pg-1").at(wal(second)).asked_at(second),
        standby("pg-2").at(wal(second)).asked_at(second).receives_from("pg-1")};
  });
  film.run(202, 250, [](int second) { return restored(second, 199); });
  EXPECT_TRUE(film.has(Anomaly::PrimaryRewound));
  EXPECT_EQ(film.count(EventKind::Rewound), 1U);
  EXPECT_EQ(film.state("pg-2"), StandbyState::Ahead);
  EXPECT_FALSE(film.lag("pg-2"));
  EXPECT_FALSE(film.standby("pg-2").failover_ready);
  EXPECT_FALSE(pages::check_replica(film.server("pg-2"), {}).passed);
  // The primary passes the lost position with other WAL: the standby is no nearer to it.
  film.run(251, 320, [](int second) { return restored(second, 199); });
  EXPECT_EQ(film.state("pg-2"), StandbyState::Ahead);
  EXPECT_TRUE(film.has(Anomaly::PrimaryRewound));
  // It is rebuilt.
  film.run(321, 330, [](int second) {
    return Samples{
        primary("pg-1").at(wal(second - 100)).asked_at(second).started_at(200),
        standby("pg-2").at(wal(second - 150)).asked_at(second).receives_from("pg-1")};
  });
  EXPECT_EQ(film.state("pg-2"), StandbyState::Streaming);
  EXPECT_FALSE(film.has(Anomaly::PrimaryRewound));
  EXPECT_FALSE(film.has(Anomaly::StandbyAhead));
}

// Lag.md, case 11: the end of the last, half-written record is not read again after a crash.
TEST(EvidenceRewind, CrashThatTakesBackAMomentIsNone) {
  Film film;
  film.run(0, 60, [](int second) {
    return Samples{primary("pg-1").at(wal(second)).asked_at(second)};
  });
  film.run(62, 70, [](int second) {
    return Samples{primary("pg-1").at(wal(second - 2.5)).asked_at(second).started_at(61)};
  });
  EXPECT_FALSE(film.has(Anomaly::PrimaryRewound));
}

TEST(EvidenceAhead, NewExporterSeesAStandbyAheadOfItsPrimary) {
  Film film;
  film.show(
      10, {primary("pg-1").at(wal(50)).asked_at(9), standby("pg-2").at(wal(90)).asked_at(10)}
  );
  EXPECT_NE(film.state("pg-2"), StandbyState::Ahead) << "it was asked later";
  film.show(
      11, {primary("pg-1").at(wal(51)).asked_at(10.5), standby("pg-2").at(wal(90)).asked_at(11)}
  );
  EXPECT_EQ(film.state("pg-2"), StandbyState::Ahead);
  EXPECT_TRUE(film.has(Anomaly::StandbyAhead));
}

}  // namespace
}  // namespace pgrepl::cluster
