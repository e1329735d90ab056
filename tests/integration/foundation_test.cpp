// The whole way from DATA_SOURCE_NAME to the page, on real servers.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/tcp_gate.h"
#include "support/wait_until.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;

// After that, a scrape asks the servers again (limits.min_round_interval).
constexpr auto kRoundInterval = 250ms;

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>{std::chrono::steady_clock::now() - began}.count();
}

class Foundation : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& first = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
  PgServer& second = cluster.add_standby({.name = "pg-3", .slot = "pg_3"});

  [[nodiscard]] std::string data_source_name() const {
    return primary.conninfo("monitor") + "," + first.conninfo("monitor") + "," +
           second.conninfo("monitor");
  }

  static Labels labels(const PgServer& server) {
    return {{"cluster", "default"}, {"server", "127.0.0.1:" + std::to_string(server.port())}};
  }

  static Labels labels(const PgServer& server, const std::string& key, const std::string& value) {
    Labels with = labels(server);
    with[key] = value;
    return with;
  }

  void write() { primary.execute("CREATE TABLE IF NOT EXISTS t(i int); INSERT INTO t VALUES (1)"); }
};

TEST_F(Foundation, ThreeConninfosAreOneCorrectCluster) {
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  std::vector<Series> page;
  // An idle primary still writes a record now and then.
  EXPECT_TRUE(wait_until([&] {
    page = exporter.scrape();
    return find_value(page, "pg_standby_lag_seconds", labels(first)) == 0 &&
           find_value(page, "pg_standby_lag_seconds", labels(second)) == 0 &&
           find_value(page, "pg_standby_lag_bytes", labels(first)) == 0 &&
           find_value(page, "pg_standby_lag_bytes", labels(second)) == 0;
  }));
  EXPECT_EQ(find_value(page, "pg_cluster_servers", {{"cluster", "default"}}), 3);
  EXPECT_EQ(find_value(page, "pg_cluster_primaries", {{"cluster", "default"}}), 1);
  EXPECT_EQ(find_value(page, "pg_cluster_streaming_standbys", {{"cluster", "default"}}), 2);
  for (const PgServer* server : {&primary, &first, &second}) {
    EXPECT_EQ(find_value(page, "pg_up", labels(*server)), 1);
  }
  for (const PgServer* server : {&first, &second}) {
    EXPECT_EQ(find_value(page, "pg_standby_lag_bytes", labels(*server)), 0);
    EXPECT_EQ(find_value(page, "pg_standby_state", labels(*server, "state", "streaming")), 1);
    EXPECT_EQ(find_value(page, "pg_standby_lag_basis", labels(*server, "basis", "wal_history")), 1);
  }
  const std::string upstream = "127.0.0.1:" + std::to_string(primary.port());
  EXPECT_EQ(
      find_value(
          page,
          "pg_standby_upstream_info",
          {{"server", "127.0.0.1:" + std::to_string(first.port())},
           {"upstream", upstream},
           {"slot_name", "pg_2"},
           {"evidence", "slot"}}
      ),
      1
  );
  EXPECT_FALSE(find_value(page, "pg_standby_lag_seconds", labels(primary)));
}

TEST_F(Foundation, PausedReplayGrowsASecondASecondAndFallsBack) {
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  write();
  cluster.wait_until_caught_up(first);
  std::this_thread::sleep_for(1500ms);
  first.pause_replay();
  write();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(1s);
    write();
    const double truth = seconds_since(began);
    const auto lag = exporter.value("pg_standby_lag_seconds", labels(first));
    ASSERT_TRUE(lag);
    EXPECT_NEAR(*lag, truth, 1.0);
  }
  EXPECT_EQ(exporter.value("pg_standby_state", labels(first, "state", "paused")), 1);
  first.resume_replay();
  EXPECT_TRUE(wait_until([&] {
    return exporter.value("pg_standby_lag_seconds", labels(first)) == 0;
  }));
}

TEST_F(Foundation, FrozenServerCostsItsOwnSeriesAndNotThePage) {
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  EXPECT_EQ(exporter.value("pg_up", labels(second)), 1);
  second.freeze();
  std::this_thread::sleep_for(kRoundInterval);
  const auto frozen_at = std::chrono::steady_clock::now();
  (void)exporter.scrape();
  EXPECT_LT(seconds_since(frozen_at), 4.0);
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(300ms);
    write();
    const auto began = std::chrono::steady_clock::now();
    const auto page = exporter.scrape();
    EXPECT_LT(seconds_since(began), 1) << "scrape " << i;
    EXPECT_EQ(find_value(page, "pg_up", labels(second)), 0);
    EXPECT_EQ(find_value(page, "pg_up_reason", labels(second, "reason", "timeout")), 1);
    EXPECT_EQ(find_value(page, "pg_up", labels(first)), 1);
    EXPECT_TRUE(find_value(page, "pg_standby_lag_seconds", labels(second)));
    EXPECT_FALSE(find_value(page, "pg_wal_position_bytes", labels(second)));
  }
  EXPECT_GT(exporter.value("pg_standby_lag_seconds", labels(second)).value_or(0), 1);
  second.thaw();
  EXPECT_TRUE(wait_until([&] { return exporter.value("pg_up", labels(second)) == 1; }, 6s));
  EXPECT_EQ(exporter.value("pg_standby_state", labels(second, "state", "streaming")), 1);
}

TEST_F(Foundation, ScrapesOpenNoConnectionsAndTwoPerServerAreEnough) {
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  (void)exporter.scrape();
  for (int i = 0; i < 20; ++i) {
    (void)exporter.scrape();
  }
  for (PgServer* server : {&primary, &first, &second}) {
    EXPECT_EQ(exporter.value("pg_exporter_connections_opened_total", labels(*server)), 2);
    EXPECT_EQ(
        server->query_value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'monitor'"), "2"
    );
  }
}

TEST_F(Foundation, ScrapeCostsOneRoundTrip) {
  TcpGate gate{primary.port()};
  const std::string through_gate =
      "host=127.0.0.1 user=monitor dbname=postgres port=" + std::to_string(gate.port());
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", through_gate}}}};
  (void)exporter.scrape();
  gate.delay(100ms);
  double fastest = 1e9;
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(kRoundInterval);
    const auto began = std::chrono::steady_clock::now();
    (void)exporter.get("/metrics");
    fastest = std::min(fastest, seconds_since(began));
  }
  EXPECT_GE(fastest, 0.2);
  EXPECT_LT(fastest, 0.35);
}

TEST_F(Foundation, PagePassesPromtool) {
  if (std::system("command -v promtool > /dev/null") != 0) {
    ASSERT_EQ(std::getenv("REQUIRE_PG"), nullptr) << "promtool is missing";
    GTEST_SKIP() << "promtool is missing";
  }
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  const std::string file = ::testing::TempDir() + "page-" + std::to_string(exporter.port());
  std::ofstream{file} << exporter.get("/metrics").body;
  const std::string command = "promtool check metrics < " + file + " > " + file + ".out 2>&1";
  // 3 is advice, read below; anything else but 0 is a page that cannot be parsed.
  const int status = WEXITSTATUS(std::system(command.c_str()));
  EXPECT_TRUE(status == 0 || status == 3) << status;
  std::ifstream findings{file + ".out"};
  // The community exporter's names are kept as they are; promtool's advice on naming is not about
  // what is wrong with the text.
  for (std::string line; std::getline(findings, line);) {
    const bool own = line.starts_with("pg_standby_") || line.starts_with("pg_cluster_") ||
                     line.starts_with("pg_exporter_") || line.starts_with("pg_server_");
    EXPECT_FALSE(own) << line;
    EXPECT_EQ(line.find("error while linting"), std::string::npos) << line;
  }
  std::remove(file.c_str());
  std::remove((file + ".out").c_str());
}

// "# TYPE name type" of every family of a page.
std::vector<std::string> families_of(const std::string& page) {
  constexpr std::string_view kMark = "# TYPE ";
  std::vector<std::string> names;
  for (std::size_t at = page.find(kMark); at != std::string::npos; at = page.find(kMark, at)) {
    at += kMark.size();
    names.push_back(page.substr(at, page.find(' ', at) - at));
  }
  return names;
}

TEST_F(Foundation, ReferenceListsEverySeriesOfThePage) {
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  const auto reference = run_exporter({.arguments = {"metrics"}}).output;
  const auto families = families_of(exporter.get("/metrics").body);
  EXPECT_GT(families.size(), 150U);
  for (const std::string& name : families) {
    const bool listed = reference.find("`" + name + "`") != std::string::npos;
    EXPECT_TRUE(listed || name.starts_with("pg_settings_")) << name;
  }
}

TEST_F(Foundation, PageMayBeOfSomeGroupsOnly) {
  const Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  const auto some = exporter.get("/metrics?collect[]=settings&collect[]=exporter");
  EXPECT_EQ(some.status, 200);
  const auto series = parse_exposition(some.body);
  EXPECT_TRUE(find_value(series, "pg_settings_max_connections", labels(primary)));
  EXPECT_TRUE(find_value(series, "pg_exporter_build_info"));
  EXPECT_FALSE(find_value(series, "pg_up"));
  EXPECT_FALSE(find_value(series, "pg_database_size_bytes"));
  const auto wrong = exporter.get("/metrics?collect[]=setings");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.body.find("did you mean 'settings'?"), std::string::npos) << wrong.body;
  EXPECT_EQ(exporter.value("pg_up", labels(primary)), 1);
}

TEST_F(Foundation, StopsGracefully) {
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  EXPECT_EQ(exporter.get("/-/healthy").status, 200);
  EXPECT_EQ(exporter.stop(), 0);
  EXPECT_NE(exporter.output().find("msg=\"stopped\""), std::string::npos);
}

TEST_F(Foundation, MemoryOfThreeServersStaysSmall) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's memory is its own";
#else
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  for (int i = 0; i < 50; ++i) {
    (void)exporter.scrape();
  }
  RecordProperty("resident_bytes", std::to_string(exporter.resident_bytes()));
  // Eleven of them are pages of libraries, libpq's and what it brings along above all.
  EXPECT_LT(exporter.resident_bytes(), 15U << 20U);
#endif
}

TEST_F(Foundation, StoppedServerIsRefusedAndTheOthersGoOn) {
  Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", data_source_name()}}}};
  first.stop(Shutdown::Immediate);
  EXPECT_TRUE(wait_until([&] {
    return exporter.value("pg_up_reason", labels(first, "reason", "refused")) == 1;
  }));
  EXPECT_EQ(exporter.value("pg_up", labels(first)), 0);
  EXPECT_EQ(exporter.value("pg_up", labels(second)), 1);
  // The primary's row of its sender goes a moment later.
  EXPECT_TRUE(wait_until([&] {
    return exporter.value("pg_standby_lag_basis", labels(first, "basis", "last_known")) == 1;
  }));
  first.start();
  EXPECT_TRUE(wait_until([&] { return exporter.value("pg_up", labels(first)) == 1; }));
}

TEST(BadInput, MissingConfigurationFileIsNamed) {
  const auto finished = run_exporter({.arguments = {"--config.file=/nonexistent/config.yaml"}});
  EXPECT_EQ(finished.status, 2);
  EXPECT_NE(finished.output.find("/nonexistent/config.yaml"), std::string::npos) << finished.output;
}

TEST(BadInput, IsToldAllAtOnceWithStatus2) {
  const auto finished =
      run_exporter({.environment = {{"DATA_SOURCE_NAME", "host=a nonsense=1"}}, .arguments = {}});
  EXPECT_EQ(finished.status, 2);
  EXPECT_NE(finished.output.find("DATA_SOURCE_NAME"), std::string::npos) << finished.output;
}

}  // namespace
}  // namespace pgrepl::testing
