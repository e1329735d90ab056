// Clusters that follow another one, and standbys that the configuration says more of.
#include "support/film.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using namespace pgrepl::testing;

Watched follows_main(std::uint64_t system = 7) {
  return {
      .name = "dr",
      .role = ClusterRole::Standby,
      .followed = FarPrimary{
          .cluster = "main",
          .server = "pg-1",
          .system = pg::SystemIdentifier{system},
          .timeline = pg::TimelineId{1}}};
}

Samples promoted(int second) {
  return {primary("dr-1").timeline(2).at(wal(second)).asked_at(second)};
}

TEST(EvidenceTwoOrigins, StandbyClusterThatIsPromotedBesideItsOriginIsTold) {
  Film film{follows_main()};
  film.show(0, {standby("dr-1").at(wal(0)).asked_at(0).receives_from("pg-1")});
  EXPECT_FALSE(film.has(Anomaly::TwoOrigins));
  film.run(1, 3, promoted);
  ASSERT_TRUE(film.has(Anomaly::TwoOrigins));
  EXPECT_EQ(
      film.evidence(Anomaly::TwoOrigins),
      "both take writes: dr-1 of dr on timeline 2, and pg-1 of main on timeline 1, which it is "
      "configured to follow"
  );
  EXPECT_EQ(film.count(EventKind::AnomalyBegan), 1U);
}

TEST(EvidenceTwoOrigins, IsOverWhenOneOfThemIs) {
  Film film{follows_main()};
  film.run(1, 3, promoted);
  film.show(4, {standby("dr-1").at(wal(4)).asked_at(4).receives_from("pg-1")});
  EXPECT_FALSE(film.has(Anomaly::TwoOrigins));
  EXPECT_EQ(film.count(EventKind::AnomalyEnded), 1U);
}

TEST(EvidenceTwoOrigins, NeedsTwoThatAnswerAndOneBirth) {
  Watched alone = follows_main();
  alone.followed.reset();  // the origin is gone: this is what the site is for
  Film film{alone};
  film.run(1, 3, promoted);
  EXPECT_FALSE(film.has(Anomaly::TwoOrigins));
  Film stranger{follows_main(8)};
  stranger.run(1, 3, promoted);
  EXPECT_FALSE(stranger.has(Anomaly::TwoOrigins)) << "of another initdb it is no follower";
}

TEST(FarPrimary, IsTheOneThatAnswersNow) {
  Film film{{.name = "main"}};
  film.show(0, {primary("pg-1").at(wal(0)).asked_at(0).timeline(3)});
  const auto far = far_primary(film.cluster());
  ASSERT_TRUE(far);
  EXPECT_EQ(far->cluster, "main");
  EXPECT_EQ(far->server, "pg-1");
  EXPECT_EQ(far->system, pg::SystemIdentifier{7});
  EXPECT_EQ(far->timeline, pg::TimelineId{3});
  film.show(1, {primary("pg-1").down()});
  EXPECT_FALSE(far_primary(film.cluster()));
}

TEST(EvidenceSite, RoleOfTheConfigurationCountsWhereNothingAnswers) {
  const Samples down{standby("dr-1").down()};
  Film by_evidence;
  by_evidence.show(0, down);
  EXPECT_TRUE(by_evidence.has(Anomaly::NoPrimary));
  Film configured{{.name = "dr", .role = ClusterRole::Standby}};
  configured.show(0, down);
  EXPECT_FALSE(configured.has(Anomaly::NoPrimary)) << "its primary is elsewhere";
  EXPECT_EQ(configured.cluster().role, ClusterRole::Standby);
}

// A role that may not see restore_command; a segment comes every 40 seconds.
Samples fed(int second, bool hinted) {
  ServerSample two = standby("pg-2").at(wal(second / 40 * 40)).asked_at(second);
  two.facts->restores_from_archive.reset();
  two.fed_by_archive = hinted;
  return {primary("pg-1").at(wal(second)).asked_at(second), two};
}

TEST(EvidenceFedBy, HintCountsWhereTheSettingIsNotSeen) {
  Film film;
  for (int second = 0; second <= 200; ++second) {
    film.show(second, fed(second, true));
    ASSERT_EQ(film.state("pg-2"), StandbyState::ArchiveRecovery) << second;
  }
  Film without;
  without.run(0, 39, [](int second) { return fed(second, false); });
  EXPECT_EQ(without.state("pg-2"), StandbyState::Disconnected) << "nothing says that it is fed";
}

TEST(EvidenceFedBy, SettingThatIsSeenIsTheEvidence) {
  Film film;
  film.run(0, 39, [](int second) {
    Samples samples = fed(second, true);
    samples[1].facts->restores_from_archive = false;
    return samples;
  });
  EXPECT_EQ(film.state("pg-2"), StandbyState::Disconnected);
}

}  // namespace
}  // namespace pgrepl::cluster
