// Which server is the primary, and when none is: conflicts, left-over primaries, sites without one.
#include "pages/server_check.h"
#include "support/film.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using namespace pgrepl::testing;

pages::Verdict check_primary(const Film& film, const std::string& name) {
  return pages::check_primary({.cluster = film.cluster()}, film.server(name));
}

Samples healthy(int second) {
  return {
      primary("pg-1").at(wal(second)).asked_at(second),
      standby("pg-2").at(wal(second)).asked_at(second).receives_from("pg-1"),
      standby("pg-3").at(wal(second)).asked_at(second).receives_from("pg-1")};
}

// Case 6.
TEST(EvidenceStalePrimary, OldPrimaryAloneIsNoPrimary) {
  Film film;
  film.run(0, 10, healthy);
  film.run(11, 20, [](int second) {
    return Samples{
        primary("pg-1").down(),
        primary("pg-2").at(wal(second)).timeline(2).asked_at(second),
        standby("pg-3").at(wal(second)).timeline(2).asked_at(second).receives_from("pg-2")};
  });
  EXPECT_EQ(film.cluster().failovers, 1U);
  film.run(21, 30, [](int second) {
    return Samples{
        primary("pg-1").at(wal(second)).asked_at(second).started_at(20),
        primary("pg-2").down(),
        standby("pg-3").down()};
  });
  EXPECT_TRUE(film.has(Anomaly::StalePrimary));
  EXPECT_FALSE(film.has(Anomaly::SplitBrain));
  EXPECT_FALSE(film.cluster().primary);
  const auto verdict = check_primary(film, "pg-1");
  EXPECT_FALSE(verdict.passed);
  EXPECT_NE(verdict.reason.find("timeline"), std::string::npos) << verdict.reason;
}

TEST(EvidenceStalePrimary, NewExporterKnowsByTheStandbyOfALaterTimeline) {
  Film film;
  film.show(
      0,
      {primary("pg-1").at(wal(5)).asked_at(0), standby("pg-3").at(wal(9)).timeline(2).asked_at(0)}
  );
  EXPECT_TRUE(film.has(Anomaly::StalePrimary));
  EXPECT_FALSE(film.cluster().primary);
}

// Case 30: pg-2 is promoted by mistake and rewound; pg-1 was the primary all the time.
TEST(EvidenceStrayPromotion, IsOverWithinTwoTicksOfTheRewind) {
  Film film;
  film.run(0, 10, healthy);
  film.run(11, 20, [](int second) {
    auto samples = healthy(second);
    samples[1] = primary("pg-2").at(wal(10)).timeline(2).asked_at(second).promoted_at(wal(10));
    return samples;
  });
  EXPECT_TRUE(film.has(Anomaly::SplitBrain));
  EXPECT_EQ(film.cluster().failovers, 0U);
  film.run(21, 22, [](int second) {
    auto samples = healthy(second);
    samples[1].tick->reading.postmaster_start_time = 20;
    return samples;
  });
  EXPECT_EQ(film.cluster().primary, 0U);
  EXPECT_TRUE(film.cluster().anomalies.empty());
  EXPECT_EQ(film.state("pg-3"), StandbyState::Streaming);
  EXPECT_NEAR(film.lag("pg-3").value(), 0, 1e-9);
  // The next switchover is a real one, on the same number.
  film.run(23, 30, [](int second) {
    return Samples{
        standby("pg-1").at(wal(second)).timeline(2).asked_at(second).receives_from("pg-3"),
        standby("pg-2").at(wal(second)).timeline(2).asked_at(second).receives_from("pg-3"),
        primary("pg-3").at(wal(second)).timeline(2).asked_at(second).promoted_at(wal(22))};
  });
  EXPECT_EQ(film.cluster().failovers, 1U);
  EXPECT_EQ(film.cluster().primary, 2U);
  EXPECT_TRUE(film.cluster().anomalies.empty());
}

// It is made a standby again and not rewound: the primary of before is still the primary.
TEST(EvidenceStrayPromotion, ThatIsGivenUpDoesNotMakeThePrimaryStale) {
  Film film;
  film.run(0, 10, healthy);
  film.run(11, 20, [](int second) {
    auto samples = healthy(second);
    samples[1] = primary("pg-2").at(wal(12)).timeline(2).asked_at(second).promoted_at(wal(10));
    return samples;
  });
  film.run(21, 30, [](int second) {
    auto samples = healthy(second);
    samples[1] = standby("pg-2").at(wal(12)).timeline(2).control(2, wal(11)).asked_at(second);
    return samples;
  });
  EXPECT_EQ(film.cluster().primary, 0U);
  EXPECT_FALSE(film.has(Anomaly::StalePrimary));
  EXPECT_EQ(film.state("pg-2"), StandbyState::Diverged);
  EXPECT_EQ(film.state("pg-3"), StandbyState::Streaming);
}

// The same, while the primary was out of our sight, so that it looked like a failover.
TEST(EvidenceStrayPromotion, IsTakenBackAlthoughItWasCounted) {
  Film film;
  film.run(0, 10, healthy);
  film.run(11, 20, [](int second) {
    return Samples{
        primary("pg-1").down(),
        primary("pg-2").at(wal(second)).timeline(2).asked_at(second).promoted_at(wal(10)),
        standby("pg-3").at(wal(second)).asked_at(second).receives_from("pg-1")};
  });
  film.run(21, 24, [](int second) {
    auto samples = healthy(second);
    samples[1].tick->reading.postmaster_start_time = 20;
    return samples;
  });
  EXPECT_EQ(film.cluster().primary, 0U);
  EXPECT_EQ(film.cluster().timeline, pg::TimelineId{1});
  EXPECT_TRUE(film.cluster().anomalies.empty());
  EXPECT_EQ(film.state("pg-3"), StandbyState::Streaming);
}

// Case 11.
TEST(EvidenceListedTwice, IsOneServerAndAWarning) {
  Film film;
  film.run(0, 20, [](int second) {
    return Samples{
        primary("name").at(wal(second)).asked_at(second).started_at(-5),
        primary("address").at(wal(second)).asked_at(second).started_at(-5),
        standby("pg-2").at(wal(second)).asked_at(second).started_at(-4).receives_from("name")};
  });
  EXPECT_TRUE(film.has(Anomaly::ListedTwice));
  EXPECT_FALSE(film.has(Anomaly::SplitBrain));
  EXPECT_EQ(film.cluster().primaries, 1U);
  EXPECT_TRUE(check_primary(film, "name").passed);
  EXPECT_TRUE(check_primary(film, "address").passed);
  EXPECT_EQ(film.state("pg-2"), StandbyState::Streaming);
}

TEST(EvidenceListedTwice, IsKnownWhileOneOfItsNamesFails) {
  Film film;
  const auto both = [](int second) {
    return Samples{
        primary("name").at(wal(second)).asked_at(second).started_at(-5),
        primary("address").at(wal(second)).asked_at(second).started_at(-5)};
  };
  film.run(0, 5, both);
  film.run(6, 15, [&](int second) {
    auto samples = both(second);
    samples[0] = primary("name").down(pg::FailureReason::Dns);
    return samples;
  });
  EXPECT_FALSE(film.has(Anomaly::NoPrimary));
  EXPECT_TRUE(check_primary(film, "address").passed);
  EXPECT_EQ(film.count(EventKind::PrimaryChanged), 0U);
}

// Case 23.
TEST(EvidenceDemoted, SaysThatThePrimaryIsInRecovery) {
  Film film;
  film.run(0, 10, healthy);
  film.run(12, 20, [](int second) {
    return Samples{
        standby("pg-1").at(wal(10)).asked_at(second).started_at(11),
        standby("pg-2").at(wal(10)).asked_at(second),
        standby("pg-3").at(wal(10)).asked_at(second)};
  });
  EXPECT_EQ(
      film.evidence(Anomaly::NoPrimary),
      "pg-1, the primary until now, is in recovery, and no other server answers as one"
  );
  EXPECT_EQ(film.cluster().role, ClusterRole::Origin);
}

// Case 9: a site whose primary is far; dr-1 leads dr-2 and dr-3.
Samples site(int second, bool connected) {
  const int known = connected ? second : 30;
  auto leader = standby("dr-1").at(wal(known)).received(wal(known)).asked_at(second);
  if (connected) {
    leader.receives_from("10.9.9.9").told_of(wal(second));
  }
  leader.sends(sender("dr-2").replayed(wal(known))).sends(sender("dr-3").replayed(wal(known)));
  const auto cascade = [&](const std::string& name) {
    return standby(name)
        .at(wal(known))
        .received(wal(known))
        .asked_at(second)
        .receives_from("dr-1", std::nullopt, name)
        .told_of(wal(known));
  };
  return {leader, cascade("dr-2"), cascade("dr-3")};
}

TEST(EvidenceSite, WithoutItsPrimaryIsNoFault) {
  Film film;
  film.run(0, 30, [](int second) { return site(second, true); });
  EXPECT_EQ(film.cluster().role, ClusterRole::Standby);
  EXPECT_TRUE(film.cluster().anomalies.empty());
  EXPECT_EQ(film.state("dr-1"), StandbyState::Streaming);
  EXPECT_EQ(film.state("dr-3"), StandbyState::Streaming);
  EXPECT_NEAR(film.lag("dr-3").value(), 0, 1e-9);
}

TEST(EvidenceSite, BehindALeaderThatIsCutOffNobodyIsCurrent) {
  Film film;
  film.run(0, 30, [](int second) { return site(second, true); });
  film.run(31, 90, [](int second) { return site(second, false); });
  EXPECT_EQ(film.cluster().role, ClusterRole::Standby);
  EXPECT_FALSE(film.has(Anomaly::NoPrimary));
  for (const char* name : {"dr-1", "dr-2", "dr-3"}) {
    EXPECT_NEAR(film.lag(name).value(), 60, 1) << name;
    EXPECT_GE(film.standby(name).lag.uncertainty.value().count(), 59) << "it may be nothing";
    EXPECT_FALSE(pages::check_replica(film.server(name), {.time = Seconds{10}, .bytes = {}}).passed
    );
    EXPECT_FALSE(film.standby(name).failover_ready);
  }
  EXPECT_EQ(film.state("dr-2"), StandbyState::Detached);
}

// Case 10: one standby alone; its replay is paused at 20, and its upstream writes on.
TEST(EvidenceLoneStandby, IsMeasuredByWhatItsReceiverIsTold) {
  Film film;
  film.run(0, 60, [](int second) {
    auto one = standby("pg-2")
                   .at(wal(std::min(second, 20)))
                   .received(wal(second))
                   .asked_at(second)
                   .receives_from("elsewhere")
                   .told_of(wal(second));
    if (second > 20) {
      one.paused();
    }
    return Samples{one};
  });
  EXPECT_EQ(film.state("pg-2"), StandbyState::Paused);
  EXPECT_NEAR(film.lag("pg-2").value(), 40, 0.5);
  EXPECT_FALSE(film.has(Anomaly::NoPrimary));
}

// Its receiver is gone at 10.8, and the last commit that came is of 10.7. The standby's clock is
// 100 s ahead of its primary's, which its receiver told.
TEST(EvidenceLoneStandby, CutOffIsBehindFromTheLastCommitThatCame) {
  Film film;
  film.run(0, 10, [](int second) {
    ServerSample one = standby("pg-2")
                           .replayed(wal(second))
                           .asked_at(second, 100)
                           .receives_from("far")
                           .told_of(wal(second))
                           .last_commit_at(second);
    WalReceiver& receiver = *one.tick->reading.receiver;
    receiver.last_msg_receipt_time = one.tick->reading.server_time;
    receiver.last_msg_send_time = one.tick->reading.server_time - 100;
    return Samples{one};
  });
  EXPECT_EQ(film.lag("pg-2"), 0);
  for (int second = 11; second <= 20; ++second) {
    film.show(
        second, {standby("pg-2").replayed(wal(10.7)).asked_at(second, 100).last_commit_at(10.7)}
    );
    ASSERT_NEAR(film.lag("pg-2").value_or(-1), second - 10.7, 1e-3);
    EXPECT_GE(film.standby("pg-2").lag.uncertainty->count(), second - 10.0);
  }
}

TEST(EvidenceLoneStandby, ProbedOnceIsMeasuredByItsLastCommit) {
  Film film;
  film.show(
      60,
      {standby("pg-2")
           .at(wal(40))
           .received(wal(60))
           .asked_at(60)
           .last_commit_at(40)
           .receives_from("elsewhere")
           .told_of(wal(60))
           .paused()}
  );
  EXPECT_NEAR(film.lag("pg-2").value(), 20, 0.5);
  EXPECT_EQ(film.standby("pg-2").lag.basis, LagBasis::ReplayTimestamp);
}

// Case 21.
TEST(EvidenceLoop, StandbysThatReceiveFromEachOtherReceiveNothing) {
  Film film;
  film.run(0, 30, [](int second) {
    const std::string at = wal(std::min(second, 5));
    const auto one = [&](const std::string& name, const std::string& from) {
      return standby(name)
          .at(at)
          .received(at)
          .asked_at(second)
          .receives_from(from, std::nullopt, name)
          .told_of(at);
    };
    return Samples{
        primary("pg-1").at(wal(second)).asked_at(second),
        one("pg-2", "pg-3").sends(sender("pg-3").replayed(at)),
        one("pg-3", "pg-2").sends(sender("pg-2").replayed(at)).sends(sender("pg-4").replayed(at)),
        one("pg-4", "pg-3")};
  });
  for (const char* name : {"pg-2", "pg-3", "pg-4"}) {
    EXPECT_EQ(film.state(name), StandbyState::Detached) << name;
    EXPECT_FALSE(film.standby(name).failover_ready);
    EXPECT_NEAR(film.lag(name).value(), 25, 1);
  }
  EXPECT_TRUE(film.has(Anomaly::ReplicationLoop));
}

}  // namespace
}  // namespace pgrepl::cluster
