// Proves the tools that other integration tests stand on: servers and the TCP gate.
#include "support/pg_cluster.h"

#include "support/tcp_gate.h"
#include "support/wait_until.h"

#include <chrono>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Clock = std::chrono::steady_clock;

void write_rows(const PgServer& primary) {
  primary.execute(
      "CREATE TABLE IF NOT EXISTS rows (n int); INSERT INTO rows SELECT generate_series(1, 100)"
  );
}

std::string replayed(const PgServer& standby) {
  return standby.query_value("SELECT pg_last_wal_replay_lsn()").value_or("");
}

// Whether a new connection through the port answers within a second.
bool answers(std::uint16_t port) {
  try {
    PgConnection connection{
        "host=127.0.0.1 user=monitor dbname=postgres connect_timeout=2 port=" +
        std::to_string(port)};
    return connection.value("SELECT 1") == "1";
  } catch (const std::runtime_error&) {
    return false;
  }
}

Clock::duration time_of_query(PgConnection& connection) {
  const auto begin = Clock::now();
  connection.execute("SELECT 1");
  return Clock::now() - begin;
}

TEST(PgCluster, StandbyStreamsThroughItsSlot) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  auto& primary = cluster.primary();
  auto& standby = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
  write_rows(primary);
  cluster.wait_until_caught_up(standby);
  EXPECT_EQ(standby.query_value("SELECT count(*) FROM rows"), "100");
  EXPECT_EQ(
      primary.query_value("SELECT application_name || ' ' || state FROM pg_stat_replication"),
      "pg-2 streaming"
  );
  EXPECT_EQ(
      primary.query_value("SELECT active FROM pg_replication_slots WHERE slot_name = 'pg_2'"), "t"
  );
  PgConnection monitor{standby.conninfo("monitor")};
  EXPECT_EQ(monitor.value("SELECT status FROM pg_stat_wal_receiver"), "streaming");
}

TEST(PgCluster, PausedReplayStandsStillUntilItIsResumed) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  auto& standby = cluster.add_standby({.name = "pg-2"});
  cluster.wait_until_caught_up(standby);
  standby.pause_replay();
  const auto before = replayed(standby);
  write_rows(cluster.primary());
  await("the WAL is received", [&] {
    return standby.query_value("SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()") ==
           "t";
  });
  EXPECT_EQ(replayed(standby), before);
  standby.resume_replay();
  cluster.wait_until_caught_up(standby);
  EXPECT_NE(replayed(standby), before);
}

TEST(PgCluster, FrozenServerAnswersAgainOnceThawed) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  auto& server = cluster.primary();
  server.freeze();
  EXPECT_FALSE(answers(server.port()));
  EXPECT_TRUE(server.running());
  server.thaw();
  EXPECT_TRUE(answers(server.port()));
}

TEST(PgCluster, ServerStartsAgainAfterEveryKindOfEnd) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  auto& server = cluster.primary();
  server.stop(Shutdown::Fast);
  server.start();
  server.stop(Shutdown::Immediate);
  server.start();
  server.kill();
  EXPECT_FALSE(server.running());
  EXPECT_FALSE(answers(server.port()));
  server.start();
  EXPECT_TRUE(answers(server.port()));
}

TEST(PgCluster, PromotedStandbyLeadsAndTheOldPrimaryFollows) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster{{.archive = true}};
  auto& old_primary = cluster.primary();
  auto& standby = cluster.add_standby({.name = "pg-2", .restore_from_archive = true});
  auto& cascade = cluster.add_standby({.name = "pg-3", .slot = "pg_3", .upstream = &standby});
  cluster.wait_until_caught_up(cascade);
  old_primary.stop();
  standby.promote();
  EXPECT_FALSE(standby.in_recovery());
  write_rows(standby);
  cluster.wait_until_caught_up(cascade);
  cluster.rebuild(old_primary, {.upstream = &standby});
  cluster.wait_until_caught_up(old_primary);
  EXPECT_EQ(old_primary.query_value("SELECT count(*) FROM rows"), "100");
}

TEST(PgCluster, DelayedStandbyReceivesAndDoesNotApply) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  auto& standby = cluster.add_standby({.name = "pg-2", .apply_delay = 3600s});
  write_rows(cluster.primary());
  const auto written = cluster.primary().query_value("SELECT pg_current_wal_flush_lsn()");
  await("the WAL is received", [&] {
    return standby.query_value(
               "SELECT pg_last_wal_receive_lsn() >= " + quoted(written.value_or("0/0"))
           ) == "t";
  });
  EXPECT_EQ(standby.query_value("SELECT to_regclass('rows')"), std::nullopt);
}

TEST(PgCluster, StandbyNamedInSynchronousStandbyNamesIsSynchronous) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster{{.synchronous_standby_names = "FIRST 1 (\"pg-2\")"}};
  cluster.add_standby({.name = "pg-2"});
  EXPECT_TRUE(wait_until([&] {
    return cluster.primary().query_value("SELECT max(sync_state) FROM pg_stat_replication") ==
           "sync";
  }));
}

TEST(PgCluster, ClustersAtOneTimeHaveDifferentSystemIdentifiers) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster one;
  PgCluster other;
  const auto identifier = "SELECT system_identifier FROM pg_control_system()";
  EXPECT_NE(one.primary().query_value(identifier), other.primary().query_value(identifier));
}

TEST(PgCluster, EveryInstalledMajorReplicates) {
  PGREPL_REQUIRE_POSTGRES();
  for (const auto& installation : installed_postgres()) {
    SCOPED_TRACE(installation.major);
    PgCluster cluster{{.major = installation.major}};
    auto& standby = cluster.add_standby({.name = "pg-2"});
    write_rows(cluster.primary());
    cluster.wait_until_caught_up(standby);
    standby.pause_replay();
    standby.promote();
    EXPECT_FALSE(standby.in_recovery());
  }
}

TEST(TcpGate, DelaysEachWay) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  TcpGate gate{cluster.primary().port()};
  PgConnection connection{
      "host=127.0.0.1 user=monitor dbname=postgres port=" + std::to_string(gate.port())};
  gate.delay(100ms);
  EXPECT_GE(time_of_query(connection), 200ms);
  gate.pass();
  EXPECT_TRUE(wait_until([&] { return time_of_query(connection) < 200ms; }));
}

TEST(TcpGate, DroppedBytesNeverArriveAndTheStandbyRecovers) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  auto& primary = cluster.primary();
  TcpGate gate{primary.port()};
  auto& standby = cluster.add_standby({.name = "pg-2", .upstream_port = gate.port()});
  cluster.wait_until_caught_up(standby);
  const auto before = replayed(standby);
  gate.drop();
  write_rows(primary);
  EXPECT_FALSE(answers(gate.port()));
  EXPECT_EQ(replayed(standby), before);
  EXPECT_EQ(standby.query_value("SELECT status FROM pg_stat_wal_receiver"), "streaming");
  gate.pass();
  cluster.wait_until_caught_up(standby);
}

TEST(TcpGate, HeldBytesArriveLaterOnTheSameConnection) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  auto& primary = cluster.primary();
  TcpGate gate{primary.port()};
  auto& standby = cluster.add_standby({.name = "pg-2", .upstream_port = gate.port()});
  cluster.wait_until_caught_up(standby);
  const auto receiver = standby.query_value("SELECT pid FROM pg_stat_wal_receiver");
  const auto before = replayed(standby);
  gate.hold();
  write_rows(primary);
  EXPECT_EQ(replayed(standby), before);
  gate.pass();
  cluster.wait_until_caught_up(standby);
  EXPECT_EQ(standby.query_value("SELECT pid FROM pg_stat_wal_receiver"), receiver);
}

TEST(TcpGate, RefusesAndResetsUntilItPasses) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  TcpGate gate{cluster.primary().port()};
  PgConnection connection{
      "host=127.0.0.1 user=monitor dbname=postgres port=" + std::to_string(gate.port())};
  gate.refuse();
  EXPECT_THROW(connection.execute("SELECT 1"), std::runtime_error);
  const auto begin = Clock::now();
  EXPECT_FALSE(answers(gate.port()));
  EXPECT_LT(Clock::now() - begin, 1s);
  gate.pass();
  EXPECT_TRUE(answers(gate.port()));
}

TEST(TcpGate, ClosesMidwayThroughAnAnswer) {
  PGREPL_REQUIRE_POSTGRES();
  PgCluster cluster;
  TcpGate gate{cluster.primary().port()};
  PgConnection connection{
      "host=127.0.0.1 user=monitor dbname=postgres port=" + std::to_string(gate.port())};
  gate.close_midway(1000);
  EXPECT_THAT(connection.value("SELECT 1"), ::testing::Eq("1"));
  EXPECT_THROW(connection.execute("SELECT repeat('x', 2000)"), std::runtime_error);
}

}  // namespace
}  // namespace pgrepl::testing
