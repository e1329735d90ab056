// Two features of replication at once, each as a film: what may be claimed, and who may take over.
#include "support/film.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using namespace pgrepl::testing;

constexpr int kVersion15 = 150000;

SampleBuilder feeding(double second, const std::string& replayed) {
  return primary("pg-1")
      .at(wal(second))
      .asked_at(second)
      .version(kVersion15)
      .sends(sender("pg-2").slot("s2").replayed(replayed));
}

SampleBuilder fed(const std::string& name, double second, const std::string& replayed) {
  return standby(name)
      .at(replayed)
      .received(wal(second))
      .asked_at(second)
      .version(kVersion15)
      .receives_from("pg-1", "s2");
}

SampleBuilder cut_off(
    const std::string& name, double second, const std::string& replayed, const std::string& received
) {
  return standby(name).at(replayed).received(received).asked_at(second).version(kVersion15);
}

// pg-2 is below the primary, pg-3 below pg-2. Then the primary dies.
Film film_of_a_death() {
  Film film;
  film.show(
      0,
      {feeding(0, wal(0)),
       fed("pg-2", 0, wal(0)).sends(sender("pg-3").replayed(wal(0))),
       standby("pg-3")
           .at(wal(0))
           .received(wal(0))
           .asked_at(0)
           .version(kVersion15)
           .receives_from("pg-2", std::nullopt, "pg-3")}
  );
  return film;
}

ServerSample below(double second, const std::string& position) {
  return standby("pg-3")
      .at(position)
      .received(position)
      .asked_at(second)
      .version(kVersion15)
      .receives_from("pg-2", std::nullopt, "pg-3");
}

TEST(Candidate, WhileNoPrimaryAnswersIsWhoHoldsMost) {
  Film film = film_of_a_death();
  const auto paused = cut_off("pg-2", 1, wal(0), wal(9)).paused();
  film.show(1, {primary("pg-1").down(), paused, below(1, wal(5))});
  EXPECT_EQ(film.cluster().best_candidate, "pg-2");
  EXPECT_FALSE(film.standby("pg-2").failover_ready) << "it has to replay first";
  EXPECT_TRUE(has_lost_its_upstream(film.server("pg-2").sample, film.standby("pg-2")));
}

TEST(Candidate, OfTheSameWalIsNotTheOneBelow) {
  Film film = film_of_a_death();
  film.show(
      1, {primary("pg-1").down(), cut_off("pg-2", 1, wal(0), wal(0)).paused(), below(1, wal(0))}
  );
  EXPECT_EQ(film.cluster().best_candidate, "pg-2");
}

TEST(Candidate, BetweenEqualsStandsHighestInTheTree) {
  Film film;
  film.show(
      0,
      {below(0, wal(0)),
       feeding(0, wal(0)),
       fed("pg-2", 0, wal(0)).sends(sender("pg-3").replayed(wal(0)))}
  );
  EXPECT_TRUE(film.standby("pg-3").failover_ready);
  EXPECT_EQ(film.cluster().best_candidate, "pg-2");
}

// To have a restore_command is no reason not to take over.
TEST(Candidate, WithARestoreCommandIsReadyOnceItsUpstreamIsGone) {
  Film film = film_of_a_death();
  film.show(
      1,
      {primary("pg-1").down(),
       cut_off("pg-2", 1, wal(0), wal(0)).restores_from_archive(),
       below(1, wal(0))}
  );
  EXPECT_EQ(film.state("pg-2"), StandbyState::ArchiveRecovery);
  EXPECT_TRUE(film.standby("pg-2").failover_ready);
  EXPECT_EQ(film.cluster().best_candidate, "pg-2");
}

TEST(Candidate, IsNobodyWhoCannotBePromotedOrLosesByIt) {
  Film film;
  const auto limited = [](int second) {
    return feeding(second, wal(0)).limit("max_connections", 200);
  };
  film.show(0, {limited(0), fed("pg-2", 0, wal(0)).limit("max_connections", 100)});
  film.show(
      1,
      {limited(0).down(), cut_off("pg-2", 1, wal(0), wal(0)).limit("max_connections", 100).paused()}
  );
  EXPECT_FALSE(film.cluster().best_candidate) << "a promotion is refused";

  Film other = film_of_a_death();
  ServerSample target = cut_off("pg-2", 1, wal(0), wal(9)).paused();
  target.facts->has_recovery_target = true;
  other.show(1, {primary("pg-1").down(), target, below(1, wal(0))});
  EXPECT_EQ(other.cluster().best_candidate, "pg-3") << "WAL beyond the target would be lost";
}

TEST(Candidate, IsNobodyWhileTwoPrimariesAnswer) {
  Film film;
  for (int second = 0; second < 4; ++second) {
    film.show(
        second,
        {feeding(second, wal(second)),
         fed("pg-2", second, wal(second)),
         primary("pg-9").at(wal(second)).asked_at(second).timeline(second < 1 ? 1 : 2)}
    );
  }
  ASSERT_TRUE(film.has(Anomaly::SplitBrain));
  EXPECT_FALSE(film.cluster().best_candidate);
  EXPECT_FALSE(film.standby("pg-2").failover_ready);
}

TEST(Candidate, IsKnownToAnExporterThatNeverSawThePrimary) {
  Film film;
  film.show(
      0,
      {primary("pg-1").down(),
       cut_off("pg-2", 0, wal(1), wal(1)),
       cut_off("pg-3", 0, wal(0), wal(4)).apply_delay(std::chrono::hours{1})}
  );
  EXPECT_EQ(film.cluster().best_candidate, "pg-3");
  EXPECT_FALSE(film.standby("pg-3").failover_ready) << "what it lacks is not known";
}

TEST(Candidate, IsNotNamedWhereThePrimaryIsElsewhere) {
  Film film;
  film.show(0, {standby("dr-1").at(wal(0)).asked_at(0).receives_from("far", "s2").told_of(wal(0))});
  EXPECT_EQ(film.cluster().role, ClusterRole::Standby);
  EXPECT_FALSE(film.cluster().best_candidate);
}

TEST(SplitBrain, NamesTheTimelinesAndWhoIsFed) {
  Film film;
  for (int second = 0; second < 4; ++second) {
    film.show(
        second,
        {feeding(second, wal(second)),
         fed("pg-2", second, wal(second)),
         primary("pg-9").at(wal(second)).asked_at(second).timeline(2)}
    );
  }
  EXPECT_EQ(
      film.evidence(Anomaly::SplitBrain),
      "answering as primaries at once: pg-1 (timeline 1, feeds pg-2), pg-9 (timeline 2)"
  );
}

// recovery_target_timeline = current: the sender keeps the row of a receiver that only waits.
TEST(KeptTimeline, StandbyThatStaysOnTheOldOneDoesNotStream) {
  Film film;
  film.show(
      0, {feeding(0, wal(0)), fed("pg-2", 0, wal(0)), standby("pg-3").at(wal(0)).asked_at(0)}
  );
  const auto scene = [](int second) -> Samples {
    ServerSample stays = fed("pg-2", second, wal(0)).received(wal(0)).receives_from("pg-3", "s2");
    stays.tick->reading.receiver->status = "waiting";
    stays.facts->follows_latest_timeline = false;
    return {
        primary("pg-1").down(),
        stays,
        primary("pg-3")
            .at(wal(second))
            .timeline(2)
            .promoted_at(wal(0))
            .asked_at(second)
            .sends(sender("pg-2").slot("s2").state("startup").replayed(wal(0)))};
  };
  film.show(1, scene(1));
  EXPECT_EQ(film.state("pg-2"), StandbyState::Connecting);
  film.run(2, 30, scene);
  EXPECT_EQ(film.state("pg-2"), StandbyState::Disconnected);
  EXPECT_EQ(film.standby("pg-2").kept_timeline, pg::TimelineId{1});
  EXPECT_NE(film.standby("pg-2").evidence.find("recovery_target_timeline"), std::string::npos);
  EXPECT_FALSE(film.standby("pg-2").failover_ready);
}

TEST(KeptTimeline, AnArchiveIsOfNoUseToIt) {
  Film film;
  film.show(
      0,
      {feeding(0, wal(0)),
       fed("pg-2", 0, wal(0)).restores_from_archive(),
       standby("pg-3").at(wal(0)).asked_at(0)}
  );
  film.run(1, 60, [](int second) -> Samples {
    ServerSample stays = cut_off("pg-2", second, wal(0), wal(0)).restores_from_archive();
    stays.facts->follows_latest_timeline = false;
    return {
        primary("pg-1").down(),
        stays,
        primary("pg-3").at(wal(second)).timeline(2).promoted_at(wal(0)).asked_at(second)};
  });
  EXPECT_EQ(film.state("pg-2"), StandbyState::UpstreamDown);
  EXPECT_EQ(film.standby("pg-2").kept_timeline, pg::TimelineId{1});
}

TEST(PauseCause, StaysKnownWhenThePrimaryFallsSilent) {
  for (const int here : {100, 200}) {
    Film film;
    const auto limited = [](int second) {
      return feeding(second, wal(0)).limit("max_connections", 200);
    };
    const auto paused = [&](int second) {
      return fed("pg-2", second, wal(0)).limit("max_connections", here).paused();
    };
    film.show(0, {limited(0), paused(0)});
    film.show(1, {limited(0).down(), paused(1)});
    EXPECT_EQ(
        film.standby("pg-2").pause_cause, here == 100 ? PauseCause::Settings : PauseCause::Requested
    );
  }
}

TEST(Receiver, IsNotStartedBeforeThatWhichIsHeldIsReplayed) {
  Film film;
  film.show(0, {feeding(0, wal(0)), fed("pg-2", 0, wal(0))});
  film.show(
      1, {feeding(9, wal(0)), cut_off("pg-2", 1, wal(0), wal(1)).apply_delay(std::chrono::hours{1})}
  );
  EXPECT_TRUE(film.standby("pg-2").replays_first);
  EXPECT_NE(film.standby("pg-2").evidence.find("it holds WAL up to"), std::string::npos);
  film.show(2, {feeding(9, wal(0)), cut_off("pg-2", 2, wal(0), wal(1)).paused()});
  EXPECT_TRUE(film.standby("pg-2").replays_first);
  EXPECT_NE(film.standby("pg-2").evidence.find("no WAL receiver"), std::string::npos);
  film.show(3, {feeding(9, wal(0)), cut_off("pg-2", 3, wal(1), wal(1)).paused()});
  EXPECT_FALSE(film.standby("pg-2").replays_first);
  film.show(4, {feeding(9, wal(0)), cut_off("pg-2", 4, wal(0), wal(1))});
  EXPECT_FALSE(film.standby("pg-2").replays_first) << "it replays at once";
}

// The clock of dr-1 is an hour ahead of the primary's, that of dr-2 an hour behind.
TEST(CommitTimes, OfACascadeAreReadByTheClockOfItsTop) {
  Film film;
  constexpr double kHour = 3600;
  constexpr double kEpoch = 1.7e9;
  const auto scene = [&](int second) -> Samples {
    ServerSample top = standby("dr-1")
                           .at(wal(second))
                           .asked_at(second, kHour)
                           .receives_from("far", "s1")
                           .told_of(wal(second))
                           .sends(sender("dr-2").replayed(wal(0)));
    top.tick->reading.receiver->last_msg_send_time = kEpoch + second;
    top.tick->reading.receiver->last_msg_receipt_time = kEpoch + second + kHour;
    ServerSample low = standby("dr-2")
                           .at(wal(0))
                           .asked_at(second, -kHour)
                           .last_commit_at(-20)
                           .receives_from("dr-1", std::nullopt, "dr-2")
                           .told_of(wal(second))
                           .paused();
    low.tick->reading.receiver->last_msg_send_time = kEpoch + second + kHour;
    low.tick->reading.receiver->last_msg_receipt_time = kEpoch + second - kHour;
    return {top, low};
  };
  film.run(1, 4, scene);
  ASSERT_TRUE(film.lag("dr-2"));
  EXPECT_LT(*film.lag("dr-2"), 60) << "an hour is the clocks'";
  EXPECT_GE(*film.lag("dr-2"), 3);
}

TEST(NotPermitted, NamesEachRoleWithWhatIsHiddenFromIt) {
  ServerSample one = primary("pg-1").at(wal(0)).hidden();
  one.facts->login = "plain";
  ServerSample two = standby("pg-2").at(wal(0)).hidden();
  two.facts->login = "other";
  Film film;
  film.show(0, {one, two});
  const std::string text = film.evidence(Anomaly::NotPermitted);
  EXPECT_NE(text.find("our role other may not see all of replication: pg-2"), std::string::npos);
  EXPECT_NE(text.find("our role plain may not see all of replication: pg-1"), std::string::npos);
}

TEST(Slots, Of16SayWhetherTheyLostWalOrWereInvalidatedOtherwise) {
  ReplicationSlot slot{.name = "s", .type = "logical"};
  slot.wal_status = "lost";
  slot.conflicting = true;
  EXPECT_EQ(invalidation_of(slot), "wal_removed");
  slot.restart = lsn(wal(0));
  EXPECT_EQ(invalidation_of(slot), "conflicting");
  slot.invalidation_reason = "rows_removed";
  EXPECT_EQ(invalidation_of(slot), "rows_removed");
}

}  // namespace
}  // namespace pgrepl::cluster
