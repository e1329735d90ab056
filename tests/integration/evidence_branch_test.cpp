// Branches of the WAL on real servers: archives, strangers, left-over and rewound primaries.
#include "integration/evidence_stage.h"

#include <filesystem>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class EvidenceBranch : public EvidenceStage {};

std::vector<std::string> archiving_to(const PgCluster& cluster) {
  return {
      "archive_mode = on",
      "archive_command = " + quoted("cp %p " + cluster.archive_directory().string() + "/%f")};
}

// Case 1.
TEST_F(EvidenceBranch, FollowerByTheArchiveIsNeverDiverged) {
  PgCluster cluster{{.archive = true}};
  PgServer& old = cluster.primary();
  PgServer& heir = cluster.add_standby({.name = "pg-2", .settings = archiving_to(cluster)});
  PgServer& follower = cluster.add_standby({.name = "pg-3", .restore_from_archive = true});
  cluster.wait_until_caught_up(follower);
  old.stop();
  heir.promote();
  write(heir, 100);
  heir.execute("SELECT pg_switch_wal()");
  watch_servers({&old, &heir, &follower});
  ASSERT_TRUE(becomes(follower, "archive_recovery"));
  for (int i = 0; i < 20; ++i) {
    write(heir, 10);
    heir.execute("SELECT pg_switch_wal()");
    ASSERT_EQ(state(follower), "archive_recovery");
    ASSERT_FALSE(has("timeline_divergence"));
    ASSERT_TRUE(lag(follower));
    std::this_thread::sleep_for(500ms);
  }
}

// Case 2.
TEST_F(EvidenceBranch, StrangerIsForeignAndDisturbsNobody) {
  PgCluster cluster{};
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  PgCluster other{};
  PgServer& stranger = other.add_standby({.name = "pg-9"});
  other.primary().stop();
  watch_servers({&cluster.primary(), &standby, &stranger});
  EXPECT_TRUE(becomes(stranger, "foreign"));
  EXPECT_TRUE(becomes(standby, "streaming"));
  EXPECT_FALSE(lag(stranger));
  EXPECT_EQ(check(stranger, "replica"), 503);
  EXPECT_EQ(check(cluster.primary(), "primary"), 200);
  EXPECT_TRUE(has("mixed_system_identifiers"));
  EXPECT_FALSE(has("split_brain"));
}

// Cases 3 and 4: the old primary has WAL that its heir never had, and the heir wrote megabytes.
class OldPrimary : public EvidenceBranch {
 protected:
  void fail_over() {
    heir.follow(1);  // nobody is there: the heir misses what comes now
    write(old, 200);
    old.stop(Shutdown::Immediate);
    heir.promote();
    write(heir, 4000);
  }

  PgCluster cluster{};
  PgServer& old = cluster.primary();
  PgServer& heir = cluster.add_standby({.name = "pg-2"});
};

TEST_F(OldPrimary, ReturnsAsADivergedStandbyForANewExporterToo) {
  fail_over();
  make_standby_of(old, heir);
  old.start();
  watch_servers({&old, &heir});
  EXPECT_TRUE(becomes(old, "diverged")) << problems();
  EXPECT_FALSE(lag(old));
  EXPECT_EQ(check(old, "replica"), 503);
  EXPECT_TRUE(has("timeline_divergence"));
}

// Case 6.
TEST_F(OldPrimary, AloneIsStaleAndTakesNoWrites) {
  watch_servers({&old, &heir});
  ASSERT_TRUE(wait_until([&] { return check(old, "primary") == 200; }));
  fail_over();
  ASSERT_TRUE(wait_until([&] { return check(heir, "primary") == 200; }));
  heir.stop();
  old.start();
  EXPECT_TRUE(shows("stale_primary")) << problems();
  EXPECT_EQ(check(old, "primary"), 503);
  EXPECT_FALSE(has("split_brain"));
}

// Case 5.
TEST_F(EvidenceBranch, PrimaryFromASnapshotIsRewoundAndItsStandbyAhead) {
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  cluster.wait_until_caught_up(standby);
  primary.stop();
  const fs::path snapshot = primary.data_directory().string() + ".snapshot";
  fs::rename(primary.data_directory(), snapshot);
  ASSERT_EQ(
      std::system(("cp -a " + snapshot.string() + " " + primary.data_directory().string()).c_str()),
      0
  );
  primary.start();
  watch_servers({&primary, &standby});
  ASSERT_TRUE(becomes(standby, "streaming"));
  write(primary, 3000);
  cluster.wait_until_caught_up(standby);
  std::this_thread::sleep_for(2s);
  primary.stop(Shutdown::Immediate);
  fs::remove_all(primary.data_directory());
  fs::rename(snapshot, primary.data_directory());
  primary.start();
  EXPECT_TRUE(shows("primary_rewound")) << problems();
  EXPECT_TRUE(becomes(standby, "ahead"));
  EXPECT_FALSE(lag(standby));
  EXPECT_EQ(check(standby, "replica"), 503);
}

// Case 11.
TEST_F(EvidenceBranch, PrimaryListedTwiceIsOneServer) {
  PgCluster cluster{};
  const std::string port = std::to_string(cluster.primary().port());
  watch(
      {cluster.primary().conninfo("monitor"),
       "host=localhost user=monitor dbname=postgres port=" + port}
  );
  EXPECT_TRUE(shows("listed_twice"));
  EXPECT_FALSE(has("split_brain"));
  EXPECT_EQ(exporter().value("pg_cluster_primaries"), 1);
  EXPECT_EQ(check(cluster.primary(), "primary"), 200);
}

// Case 12.
TEST_F(EvidenceBranch, TwoClustersInOneListAreMeasuredEachByItself) {
  PgCluster one{};
  PgServer& first = one.add_standby({.name = "pg-2"});
  PgCluster two{};
  PgServer& second = two.add_standby({.name = "pg-9"});
  watch_servers({&one.primary(), &first, &two.primary(), &second});
  EXPECT_TRUE(becomes(first, "streaming"));
  EXPECT_TRUE(becomes(second, "streaming"));
  second.pause_replay();
  write(two.primary(), 10);
  std::this_thread::sleep_for(3s);
  EXPECT_GE(lag(second).value_or(-1), 2);
  EXPECT_LT(lag(first).value_or(99), 1);
  EXPECT_TRUE(has("mixed_system_identifiers"));
  EXPECT_FALSE(has("split_brain"));
}

}  // namespace
}  // namespace pgrepl::testing
