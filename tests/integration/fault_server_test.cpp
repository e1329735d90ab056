// What a server refuses, and what it does to a session that is open, on real servers.
#include "integration/fault_stage.h"
#include "support/wait_until.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream{path} << text;
  hand_over(path);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

class ServerFault : public FaultTest {
 protected:
  // pg_hba.conf of pg-2 begins with this line until reset_access().
  static void grant_access(const std::string& first_line) {
    if (access_.empty()) {
      access_ = read_file(hba());
    }
    write_file(hba(), first_line + "\n" + access_);
    stage().standby.execute("SELECT pg_reload_conf()");
    await("pg_hba.conf is read", [&] {
      return stage().standby.query_value(
                 "SELECT count(*) FROM pg_hba_file_rules WHERE line_number = 1"
             ) == (first_line.empty() ? "0" : "1");
    });
  }

  static void reset_access() { grant_access(""); }

  static std::filesystem::path hba() { return stage().standby.data_directory() / "pg_hba.conf"; }

 private:
  static inline std::string access_;
};

TEST_F(ServerFault, RefusedLoginIsAuth) {
  FaultWatch watch{stage()};
  watch.expect_well();
  grant_access("host all monitor all reject");
  terminate_monitor(stage().standby);
  watch.expect_down("auth", 1);
  reset_access();
  // Every try is a line in the server's log: one in ten ticks.
  watch.expect_recovery(10 * FaultStage::kTick);
}

TEST_F(ServerFault, RotatedPasswordIsReadFromItsFileWithinTwoTicks) {
  stage().primary.execute("ALTER ROLE monitor PASSWORD 'first'");
  stage().cluster.wait_until_caught_up(stage().standby);
  grant_access("host all monitor all scram-sha-256");
  const auto file = stage().write("password", "first\n");
  {
    FaultWatch watch{stage(), {.extra = ", password_file: " + file}};
    watch.expect_well();
    stage().primary.execute("ALTER ROLE monitor PASSWORD 'another one'");
    stage().cluster.wait_until_caught_up(stage().standby);
    EXPECT_TRUE(watch.is_up()) << "sessions that are open go on";
    terminate_monitor(stage().standby);
    watch.expect_down("auth", 1);
    (void)stage().write("password", "another one\n");
    watch.expect_recovery();
  }
  reset_access();
}

TEST_F(ServerFault, ServerWithoutTlsIsTlsUntilItHasIt) {
  FaultWatch watch{stage(), {.extra = ", sslmode: require"}};
  watch.expect_down("tls", 2);
  const auto folder = stage().standby.data_directory();
  run(
      {.arguments =
           {"/usr/bin/openssl",
            "req",
            "-new",
            "-x509",
            "-days",
            "2",
            "-nodes",
            "-batch",
            "-subj",
            "/CN=localhost",
            "-keyout",
            folder / "server.key",
            "-out",
            folder / "server.crt"},
       .environment = environment_without({}),
       .account = server_account()}
  );
  std::filesystem::permissions(folder / "server.key", std::filesystem::perms::owner_read);
  stage().standby.configure({"ssl = on"});
  watch.expect_recovery();
  stage().standby.configure({"ssl = off"});
}

TEST_F(ServerFault, FullServerIsTooManyConnections) {
  FaultWatch watch{stage()};
  watch.expect_well();
  std::vector<PgConnection> others;
  stage().gate.refuse();
  await("pg-2 is down", [&] { return !watch.is_up(); });
  await("it has no room", [&] {
    try {
      others.emplace_back(stage().standby.conninfo("replicator"));
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  });
  stage().gate.pass();
  watch.expect_down("too_many_connections");
  others.clear();
  watch.expect_recovery();
}

TEST_F(ServerFault, LockOnACatalogueTableCostsTheQueriesThatNeedIt) {
  FaultWatch watch{stage(), {.timeout = "3s"}};
  watch.expect_well();
  const Labels waits{{"server", "pg-1"}, {"collector", "database"}};
  auto holder = stage().primary.connect();
  holder.execute("BEGIN; LOCK TABLE pg_catalog.pg_database IN ACCESS EXCLUSIVE MODE");
  ASSERT_TRUE(wait_until([&] {
    return watch.exporter().value("pg_exporter_collector_success", waits) == 0;
  })) << watch.exporter().get("/metrics").body;
  for (int i = 0; i < 5; ++i) {
    const auto page = watch.exporter().scrape();
    EXPECT_EQ(find_value(page, "pg_up", {{"server", "pg-1"}}), 1);
    EXPECT_EQ(find_value(page, "pg_up", {{"server", "pg-2"}}), 1);
    EXPECT_TRUE(find_value(page, "pg_wal_position_bytes", {{"server", "pg-1"}}));
    EXPECT_EQ(find_value(page, "pg_exporter_connections_opened_total", {{"server", "pg-1"}}), 2);
  }
  EXPECT_EQ(watch.lines("pg-1", "query=database "), 1U) << watch.exporter().output();
  holder.execute("ROLLBACK");
  EXPECT_TRUE(wait_until([&] {
    return watch.exporter().value("pg_exporter_collector_success", waits) == 1;
  }));
  EXPECT_EQ(monitor_connections(stage().primary), 2);
}

TEST_F(ServerFault, RoleWithoutPgMonitorLosesWhatItMayNotRead) {
  stage().primary.execute("REVOKE pg_monitor FROM monitor");
  stage().cluster.wait_until_caught_up(stage().standby);
  {
    FaultWatch watch{stage()};
    watch.expect_well();
    const auto page = watch.exporter().scrape();
    EXPECT_TRUE(find_value(page, "pg_wal_position_bytes", {{"server", "pg-1"}}));
    EXPECT_EQ(
        find_value(
            page, "pg_exporter_collector_success", {{"server", "pg-1"}, {"collector", "wal"}}
        ),
        0
    );
    EXPECT_GE(
        find_value(
            page, "pg_exporter_errors_total", {{"server", "pg-1"}, {"reason", "permission"}}
        ).value_or(0),
        1
    );
  }
  stage().primary.execute("GRANT pg_monitor TO monitor");
}

TEST_F(ServerFault, SlowQueryIsCutByTheServerAndCostsOnlyItself) {
  const auto file = stage().write(
      "slow.yaml",
      "slow:\n"
      "  query: SELECT 1 AS one, pg_catalog.pg_sleep(20) IS NULL AS slept\n"
      "  metrics:\n"
      "    - one: { usage: GAUGE, description: One }\n"
  );
  FaultOptions options = kPatient;
  options.statement_timeout = "800ms";
  options.more = "queries: { files: ['" + file + "'] }\n";
  FaultWatch watch{stage(), options};
  const Labels slow{{"server", "pg-1"}, {"collector", "slow"}};
  ASSERT_TRUE(wait_until([&] {
    return watch.exporter().value("pg_exporter_collector_success", slow) == 0;
  })) << watch.exporter().get("/metrics").body;
  const auto page = watch.exporter().scrape();
  EXPECT_EQ(find_value(page, "pg_up", {{"server", "pg-1"}}), 1);
  EXPECT_TRUE(find_value(page, "pg_settings_max_connections", {{"server", "pg-1"}}));
  EXPECT_TRUE(find_value(page, "pg_exporter_last_tick_timestamp_seconds", {{"server", "pg-1"}}));
  EXPECT_LE(monitor_connections(stage().primary), 2);
}

// The query ends its own connection for as long as the trap is armed.
TEST_F(ServerFault, QueryThatLostItsConnectionIsAskedAgainLongBeforeItIsDue) {
  stage().primary.execute("CREATE TABLE trap AS SELECT true AS armed");
  stage().primary.execute("GRANT SELECT ON trap TO monitor");
  const auto file = stage().write(
      "seldom.yaml",
      "- name: seldom\n"
      "  every: 1h\n"
      "  sql: SELECT 1 AS one FROM public.trap WHERE NOT armed\n"
      "    OR pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())\n"
      "  columns:\n"
      "    one: { gauge, help: One }\n"
  );
  FaultWatch watch{stage(), {.more = "queries: { files: ['" + file + "'] }\n"}};
  const Labels seldom{{"server", "pg-1"}, {"collector", "seldom"}};
  EXPECT_TRUE(wait_until([&] {
    return watch.exporter().value("pg_exporter_collector_success", seldom) == 0;
  })) << watch.exporter().output();
  stage().primary.execute("UPDATE trap SET armed = false");
  EXPECT_TRUE(wait_until([&] {
    return watch.exporter().value("pg_seldom_one", {{"server", "pg-1"}}) == 1;
  })) << watch.exporter().output();
  stage().primary.execute("DROP TABLE trap");
}

// Their own servers: these do not come back as they were.
class ServerLife : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  FaultStage stage;
};

TEST_F(ServerLife, ServerThatTakesNoConnectionsYetIsStartingUp) {
  FaultWatch watch{stage, {.way = Way::Direct}};
  watch.expect_well();
  stage.standby.configure({"hot_standby = off"});
  stage.standby.stop();
  stage.standby.launch();
  watch.expect_down("starting_up");
  stage.standby.stop(Shutdown::Immediate);
  std::ofstream{stage.standby.data_directory() / "testkit.conf", std::ios::app}
      << "hot_standby = on\n";
  stage.standby.start();
  watch.expect_recovery();
}

// A primary does not end before its standbys have all its WAL.
TEST_F(ServerLife, ServerThatEndsIsShuttingDown) {
  const std::string first = "pg-1";
  FaultWatch watch{stage};
  watch.expect_well();
  stage.standby.freeze();
  stage.primary.execute("CREATE TABLE t AS SELECT generate_series(1, 1000)");
  ::kill(stage.primary.pid(), SIGINT);
  EXPECT_TRUE(wait_until([&] {
    return watch.exporter().value(
               "pg_up_reason", {{"server", first}, {"reason", "shutting_down"}}
           ) == 1;
  })) << watch.exporter().output();
  stage.standby.thaw();
  await("pg-1 has ended", [&] { return !stage.primary.running(); });
  EXPECT_TRUE(wait_until([&] {
    return watch.exporter().value("pg_up_reason", {{"server", first}, {"reason", "refused"}}) == 1;
  })) << watch.exporter().output();
  stage.primary.start();
  EXPECT_TRUE(wait_until([&] { return watch.is_up(first); }));
  EXPECT_EQ(watch.lines(first, "(shutting_down)"), 1U) << watch.exporter().output();
  EXPECT_EQ(watch.lines(first, "(refused)"), 1U) << watch.exporter().output();
}

TEST_F(ServerLife, FailoverInMidQueryIsSeenWhileScrapesGoOn) {
  FaultWatch watch{stage};
  watch.expect_well();
  std::atomic<bool> done = false;
  std::atomic<int> pages = 0;
  std::atomic<int> failures = 0;
  std::chrono::steady_clock::duration longest{};
  std::thread scraper{[&] {
    while (!done) {
      const auto began = std::chrono::steady_clock::now();
      try {
        pages += watch.exporter().get("/metrics").status == 200 ? 1 : 0;
      } catch (const HttpFailure&) {
        failures += 1;
      }
      longest = std::max(longest, std::chrono::steady_clock::now() - began);
    }
  }};
  stage.primary.kill();
  stage.standby.promote();
  const bool seen = wait_until([&] {
    return watch.exporter().value("pg_cluster_failovers_total", {{"cluster", "main"}}) == 1;
  });
  done = true;
  scraper.join();
  EXPECT_TRUE(seen) << watch.exporter().output();
  EXPECT_GT(pages, 0);
  EXPECT_EQ(failures, 0);
  // What a round may take, and the noise of a busy machine.
  EXPECT_LT(longest, FaultStage::kTimeout + 2s);
  const auto page = watch.exporter().scrape();
  EXPECT_EQ(find_value(page, "pg_server_role", {{"server", "pg-2"}, {"role", "primary"}}), 1);
  EXPECT_EQ(find_value(page, "pg_up_reason", {{"server", "pg-1"}, {"reason", "refused"}}), 1);
  watch.expect_two_connections();
}

}  // namespace
}  // namespace pgrepl::testing
