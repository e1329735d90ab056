// Standbys that live on an archive, alone or for a while, on real servers.
#include "integration/evidence_stage.h"

#include <chrono>
#include <memory>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>{Clock::now() - then}.count();
}

class EvidenceArchive : public EvidenceByMajor {
 protected:
  void SetUp() override {
    EvidenceByMajor::SetUp();
    if (!IsSkipped()) {
      cluster_ = std::make_unique<PgCluster>(PrimaryOptions{.major = GetParam(), .archive = true});
    }
  }

  PgServer& add_archive_standby(std::chrono::milliseconds delay = 0ms) {
    return cluster().add_standby(
        {.name = "pg-2",
         .apply_delay = delay,
         .restore_from_archive = true,
         .settings = {"primary_conninfo = ''"}}
    );
  }

  void archive_a_segment() {
    write(cluster().primary(), 10);
    cluster().primary().execute("SELECT pg_switch_wal()");
  }

  PgCluster& cluster() { return *cluster_; }

 private:
  std::unique_ptr<PgCluster> cluster_{};
};

// Case 8. A segment comes more seldom than a standby without restore_command would be given.
TEST_P(EvidenceArchive, StandbyOfAnArchiveIsSteadyBetweenSegments) {
  PgServer& standby = add_archive_standby();
  archive_a_segment();
  cluster().wait_until_caught_up(standby);
  watch_servers({&cluster().primary(), &standby});
  ASSERT_TRUE(becomes(standby, "archive_recovery")) << problems();
  const auto before = events_with("is disconnected");  // until its restore_command was known
  const auto written = Clock::now();
  write(cluster().primary(), 10);
  while (seconds_since(written) < 17) {
    ASSERT_EQ(state(standby), "archive_recovery") << problems();
    ASSERT_TRUE(lag(standby));
    std::this_thread::sleep_for(500ms);
  }
  EXPECT_NEAR(lag(standby).value_or(-1), seconds_since(written), 2.5) << "from the history";
  archive_a_segment();
  EXPECT_TRUE(wait_until([&] { return lag(standby).value_or(99) < 5; }));
  EXPECT_EQ(state(standby), "archive_recovery");
  EXPECT_EQ(events_with("is disconnected"), before);
}

// Case 8.
TEST_P(EvidenceArchive, StandbyOfAnArchiveWithADelayIsDelayed) {
  PgServer& standby = add_archive_standby(4s);
  watch_servers({&cluster().primary(), &standby});
  ASSERT_TRUE(becomes(standby, "delayed")) << problems();
  for (int i = 0; i < 6; ++i) {
    archive_a_segment();
    ASSERT_EQ(state(standby), "delayed") << problems();
    std::this_thread::sleep_for(500ms);
  }
}

// Case 17. What came by the archive was never received: differences of the two are no bytes.
TEST_P(EvidenceArchive, UpstreamThatFallsBackToTheArchiveMakesNoNegativeBytes) {
  PgServer& middle = cluster().add_standby({.name = "pg-2", .restore_from_archive = true});
  PgServer& last = cluster().add_standby({.name = "pg-3", .upstream = &middle});
  watch_servers({&cluster().primary(), &middle, &last});
  ASSERT_TRUE(becomes(last, "streaming"));
  middle.follow(1);
  ASSERT_TRUE(becomes(middle, "archive_recovery")) << problems();
  for (int i = 0; i < 5; ++i) {
    archive_a_segment();
    cluster().wait_until_caught_up(middle);
    for (const Series& series : exporter().scrape()) {
      const bool is_distance = series.name.find("bytes") != std::string::npos ||
                               series.name.find("_lag") != std::string::npos ||
                               series.name.find("_diff") != std::string::npos;
      // A safe size may be negative in PostgreSQL's own words, and -1 is what a setting says.
      const bool is_other = series.name.find("safe_wal") != std::string::npos ||
                            series.name.starts_with("pg_settings_");
      if (is_distance && !is_other) {
        EXPECT_GE(series.value, 0) << series.name;
      }
    }
  }
  EXPECT_TRUE(wait_until([&] { return lag(last).value_or(99) < 2; }));
  EXPECT_EQ(state(last), "streaming") << "its upstream goes on by the archive";
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EvidenceArchive);
INSTANTIATE_TEST_SUITE_P(Majors, EvidenceArchive, evidence_majors(), name_of_major);

}  // namespace
}  // namespace pgrepl::testing
