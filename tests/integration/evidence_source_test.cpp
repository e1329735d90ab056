// Where standbys get their WAL from, what we may not see, and commits that wait, on real servers.
#include "integration/evidence_stage.h"

#include <future>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;

class EvidenceSource : public EvidenceStage {};

// Case 7.
TEST_F(EvidenceSource, RoleThatMayNotLookIsToldAndClaimsNothingElse) {
  PgCluster cluster{};
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  cluster.primary().execute("CREATE ROLE plain LOGIN");
  cluster.wait_until_caught_up(standby);
  const auto as_plain = [](const PgServer& server) {
    return "host=127.0.0.1 user=plain dbname=postgres port=" + std::to_string(server.port());
  };
  watch({as_plain(cluster.primary()), as_plain(standby)});
  EXPECT_TRUE(shows("not_permitted"));
  EXPECT_TRUE(wait_until([&] { return lag(standby).has_value(); })) << "positions are no secret";
  EXPECT_EQ(state(standby), "");
  const std::string said = problems();
  EXPECT_NE(said.find("GRANT pg_monitor TO \\\"plain\\\";"), std::string::npos) << said;
  EXPECT_EQ(said.find("\"critical\""), std::string::npos) << said;
}

// Case 10.
TEST_F(EvidenceSource, LoneStandbyIsMeasuredByItsReceiver) {
  PgCluster cluster{};
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  watch_servers({&standby});
  ASSERT_TRUE(wait_until([&] { return lag(standby).value_or(9) < 2; }));
  EXPECT_FALSE(has("no_primary"));
  EXPECT_EQ(exporter().value("pg_cluster_role", {{"role", "standby"}}), 1);
  standby.pause_replay();
  for (int i = 0; i < 10; ++i) {
    write(cluster.primary());
    std::this_thread::sleep_for(1s);
    ASSERT_TRUE(lag(standby));
  }
  EXPECT_NEAR(lag(standby).value_or(-1), 10, 2.5);
}

// Case 9.
TEST_F(EvidenceSource, SiteBehindALeaderThatIsCutOffIsNotCurrent) {
  PgCluster cluster{};
  PgServer& leader = cluster.add_standby({.name = "dr-1"});
  PgServer& cascade = cluster.add_standby({.name = "dr-2", .upstream = &leader});
  watch_servers({&leader, &cascade});
  ASSERT_TRUE(becomes(cascade, "streaming"));
  EXPECT_FALSE(has("no_primary"));
  leader.follow(1);
  write(cluster.primary(), 10);
  EXPECT_TRUE(becomes(cascade, "detached"));
  std::this_thread::sleep_for(4s);
  EXPECT_GE(lag(cascade).value_or(0), 3);
  EXPECT_EQ(check(cascade, "replica?max_lag=2s"), 503);
  EXPECT_FALSE(has("no_primary"));
}

// Case 21.
TEST_F(EvidenceSource, StandbysThatReceiveFromEachOtherAreDetached) {
  PgCluster cluster{};
  PgServer& two = cluster.add_standby({.name = "pg-2"});
  PgServer& three = cluster.add_standby({.name = "pg-3", .upstream = &two});
  watch_servers({&cluster.primary(), &two, &three});
  ASSERT_TRUE(becomes(three, "streaming"));
  two.follow(three.port());
  EXPECT_TRUE(becomes(two, "detached")) << problems();
  EXPECT_TRUE(becomes(three, "detached"));
  EXPECT_TRUE(has("replication_loop"));
  write(cluster.primary(), 10);
  EXPECT_EQ(exporter().value("pg_failover_ready", {{"server", name_of(three)}}), 0);
}

// Case 22.
TEST_F(EvidenceSource, StandbyWhoseWalIsGoneMustBeRebuilt) {
  PgCluster cluster{};
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  // Only now: the copy needs the WAL of its backup.
  cluster.primary().configure({"wal_keep_size = 0", "max_wal_size = 32MB", "min_wal_size = 32MB"});
  watch_servers({&cluster.primary(), &standby});
  ASSERT_TRUE(becomes(standby, "streaming"));
  // So that it is consistent, and answers, without any WAL of its primary.
  write(cluster.primary(), 100);
  cluster.primary().execute("CHECKPOINT");
  cluster.wait_until_caught_up(standby);
  standby.execute("CHECKPOINT");
  standby.stop();
  for (int i = 0; i < 6; ++i) {
    write(cluster.primary(), 2000);
    cluster.primary().execute("SELECT pg_switch_wal(); CHECKPOINT");
  }
  standby.start();
  EXPECT_TRUE(becomes(standby, "disconnected"));
  EXPECT_TRUE(wait_until([&] { return problems().find("must be rebuilt") != std::string::npos; }))
      << problems();
}

// Case 18.
TEST_F(EvidenceSource, WarmStandbyIsKnownByItsUpstream) {
  PgCluster cluster{};
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  standby.configure({"hot_standby = off"});
  standby.stop();
  standby.launch();
  watch_servers({&cluster.primary(), &standby});
  EXPECT_TRUE(becomes(standby, "warm")) << problems();
  EXPECT_TRUE(lag(standby));
  EXPECT_FALSE(has("unknown_standby"));
}

// Case 14.
TEST_F(EvidenceSource, CommitsWaitWhenSessionsWait) {
  PgCluster cluster{{.synchronous_standby_names = "nobody"}};
  PgServer& primary = cluster.primary();
  watch_servers({&primary});
  primary.execute("SET synchronous_commit = local; CREATE TABLE s(i int)");
  ASSERT_TRUE(wait_until([&] { return exporter().value("pg_cluster_commits_waiting") == 0; }));
  EXPECT_FALSE(has("commits_waiting")) << "nobody asked for it yet";
  auto waits =
      std::async(std::launch::async, [&primary] { primary.execute("INSERT INTO s VALUES (1)"); });
  EXPECT_TRUE(wait_until([&] { return exporter().value("pg_cluster_commits_waiting") == 1; }));
  EXPECT_TRUE(wait_until([&] { return has("commits_waiting"); }));
  EXPECT_GE(exporter().value("pg_cluster_commits_waiting_seconds").value_or(0), 5);
  primary.configure({"synchronous_standby_names = ''"});
  waits.get();
  EXPECT_TRUE(wait_until([&] { return !has("commits_waiting"); }));
}

}  // namespace
}  // namespace pgrepl::testing
