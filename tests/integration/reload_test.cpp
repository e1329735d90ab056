// A configuration that changes under a running exporter, on real servers.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kReloaded = "configuration reloaded";

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++times;
  }
  return times;
}

class Reload : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream{folder.path() / name} << text;
  }

  [[nodiscard]] static std::string entry(const PgServer& server, const std::string& name) {
    return "      - { name: " + name + ", host: 127.0.0.1, port: " + std::to_string(server.port()) +
           " }\n";
  }

  // A configuration of the cluster `main` with these servers.
  void configure(const std::string& servers, const std::string& rest = "") const {
    write(
        "exporter.yml",
        "defaults: { user: monitor, dbname: postgres }\n"
        "clusters:\n"
        "  - name: main\n"
        "    servers:\n" +
            servers + rest
    );
  }

  void start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--config.file", folder.path() / "exporter.yml"});
    exporter = std::make_unique<Exporter>(ExporterOptions{.arguments = std::move(arguments)});
  }

  // SIGHUP, and the line that says it was taken.
  void reload() const {
    const std::size_t before = count(exporter->output(), kReloaded);
    exporter->reload();
    await("the configuration is reloaded", [&] {
      return count(exporter->output(), kReloaded) > before;
    });
  }

  static Labels of(const std::string& server) { return {{"cluster", "main"}, {"server", server}}; }

  // The backends of our connections to the server.
  static std::string connections(const PgServer& server) {
    return server
        .query_value(
            "SELECT string_agg(pid::text, ',' ORDER BY pid) FROM pg_stat_activity "
            "WHERE usename = 'monitor'"
        )
        .value_or("");
  }

  // How many of these are left.
  static std::string old_connections(const PgServer& server, const std::string& backends) {
    return server
        .query_value("SELECT count(*) FROM pg_stat_activity WHERE pid IN (" + backends + ")")
        .value_or("");
  }

  TemporaryDirectory folder;
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
  std::unique_ptr<Exporter> exporter;
};

TEST_F(Reload, ServersComeAndGoWhileTheOthersKeepTheirConnections) {
  configure(entry(primary, "pg-1"));
  start();
  EXPECT_EQ(exporter->value("pg_up", of("pg-1")), 1);
  const std::string before = connections(primary);

  configure(entry(primary, "pg-1") + entry(standby, "pg-2"), "    expected_standbys: 1\n");
  reload();
  EXPECT_TRUE(wait_until([&] { return exporter->value("pg_up", of("pg-2")) == 1; }));
  EXPECT_EQ(exporter->value("pg_cluster_expected_standbys", {{"cluster", "main"}}), 1);
  EXPECT_EQ(connections(primary), before);

  configure(entry(primary, "pg-1"));
  reload();
  EXPECT_FALSE(exporter->value("pg_up", of("pg-2")));
  EXPECT_TRUE(wait_until([&] { return connections(standby).empty(); }));
  EXPECT_EQ(connections(primary), before);
  EXPECT_EQ(exporter->value("pg_exporter_connections_opened_total", of("pg-1")), 2);
}

TEST_F(Reload, HistoryAndEventsSurvive) {
  configure(entry(primary, "pg-1") + entry(standby, "pg-2"));
  start();
  cluster.wait_until_caught_up(standby);
  standby.pause_replay();
  primary.execute("CREATE TABLE t(i int)");
  const auto lag = [&] { return exporter->value("pg_standby_lag_seconds", of("pg-2")); };
  ASSERT_TRUE(wait_until([&] { return lag().value_or(0) > 2; }));
  const auto events_before = exporter->get("/api/v1/events").body;
  ASSERT_THAT(events_before, HasSubstr("answers as a primary"));
  configure(entry(primary, "pg-1") + entry(standby, "pg-2"), "    labels: { team: shop }\n");
  reload();
  EXPECT_GT(lag().value_or(0), 2);
  EXPECT_EQ(exporter->value("pg_up", {{"server", "pg-2"}, {"team", "shop"}}), 1);
  const auto events = exporter->get("/api/v1/events").body;
  EXPECT_EQ(count(events, "answers as a primary"), 1U);
}

TEST_F(Reload, BrokenFileLeavesTheOldConfigurationAndSaysWhere) {
  configure(entry(primary, "pg-1"));
  start({"--web.enable-lifecycle"});
  const auto accepted = exporter->value("pg_exporter_config_last_reload_success_timestamp_seconds");
  configure(entry(primary, "pg-1"), "    exspected_standbys: 2\n");
  const auto refused = http_post(exporter->port(), "/-/reload");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("exporter.yml:6:5: unknown key 'exspected_standbys'"));
  EXPECT_THAT(refused.body, HasSubstr("did you mean 'expected_standbys'?"));
  EXPECT_THAT(exporter->output(), HasSubstr("exporter.yml:6:5: unknown key 'exspected_standbys'"));
  const auto page = exporter->scrape();
  EXPECT_EQ(find_value(page, "pg_exporter_config_last_reload_successful"), 0);
  EXPECT_EQ(find_value(page, "pg_exporter_config_last_reload_success_timestamp_seconds"), accepted);
  EXPECT_EQ(find_value(page, "pg_up", of("pg-1")), 1);

  configure(entry(primary, "pg-1"));
  EXPECT_EQ(http_post(exporter->port(), "/-/reload").status, 200);
  EXPECT_EQ(exporter->value("pg_exporter_config_last_reload_successful"), 1);
}

TEST_F(Reload, PasswordFileOfAnotherNameIsANewLogin) {
  primary.execute("ALTER ROLE monitor CONNECTION LIMIT 20");
  write("first", "one");
  write("second", "two");
  const auto with_password_from = [this](const std::string& name) {
    return "      - { name: pg-1, host: 127.0.0.1, port: " + std::to_string(primary.port()) +
           ", password_file: " + (folder.path() / name).string() + " }\n" + entry(standby, "pg-2");
  };
  configure(with_password_from("first"));
  start();
  const std::string before = connections(primary);
  const std::string untouched = connections(standby);
  configure(with_password_from("second"));
  reload();
  EXPECT_TRUE(wait_until([&] { return old_connections(primary, before) == "0"; }));
  EXPECT_TRUE(wait_until([&] { return exporter->value("pg_up", of("pg-1")) == 1; }));
  EXPECT_EQ(connections(standby), untouched);
}

TEST_F(Reload, QueryFileIsReadAnew) {
  const auto queries = [this](const std::string& value) {
    write(
        "app.yaml",
        "app_things:\n  query: \"SELECT " + value +
            " AS n\"\n  metrics: [{ n: { usage: GAUGE } }]\n"
    );
  };
  const std::string rest = "queries: { files: [" + (folder.path() / "app.yaml").string() + "] }\n";
  queries("1");
  configure(entry(primary, "pg-1"), rest);
  start({"--web.enable-lifecycle"});
  EXPECT_EQ(exporter->value("app_things_n", of("pg-1")), 1);
  const std::string before = connections(primary);
  queries("2");
  reload();
  EXPECT_EQ(exporter->value("app_things_n", of("pg-1")), 2);

  write("app.yaml", "app_things: { query: [1] }\n");
  const auto refused = http_post(exporter->port(), "/-/reload");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("app.yaml:1:"));
  EXPECT_EQ(exporter->value("app_things_n", of("pg-1")), 2);
  EXPECT_EQ(connections(primary), before);
}

TEST_F(Reload, ClustersComeAndGo) {
  configure(entry(primary, "pg-1"));
  start();
  const std::string before = connections(primary);
  configure(
      entry(primary, "pg-1"),
      "  - name: other\n    servers:\n" + entry(standby, "pg-2") +
          "    endpoints: [{ name: read, host: 127.0.0.1, port: " + std::to_string(standby.port()) +
          ", expect: standby }]\n"
  );
  reload();
  EXPECT_TRUE(wait_until([&] {
    const auto page = exporter->scrape();
    return find_value(page, "pg_up", {{"cluster", "other"}}) == 1 &&
           find_value(page, "pg_endpoint_up", {{"cluster", "other"}}) == 1;
  }));
  configure(entry(primary, "pg-1"));
  reload();
  EXPECT_FALSE(exporter->value("pg_up", {{"cluster", "other"}}));
  EXPECT_TRUE(wait_until([&] { return connections(standby).empty(); }));
  EXPECT_EQ(connections(primary), before);
}

TEST_F(Reload, WhatNeedsARestartIsSaid) {
  configure(entry(primary, "pg-1"));
  start();
  configure(entry(primary, "pg-1"), "web: { telemetry_path: /elsewhere }\n");
  reload();
  EXPECT_THAT(exporter->output(), HasSubstr("restart to apply them"));
  EXPECT_EQ(exporter->value("pg_up", of("pg-1")), 1);
}

// However many ask, the files are read a few times, and the last state of them counts.
TEST_F(Reload, ThousandSignalsAtOnceAreAFewReads) {
  configure(entry(primary, "pg-1"));
  start();
  configure(entry(primary, "pg-1") + entry(standby, "pg-2"));
  for (int i = 0; i < 1000; ++i) {
    exporter->reload();
  }
  EXPECT_TRUE(wait_until([&] { return exporter->value("pg_up", of("pg-2")) == 1; }));
  EXPECT_LT(count(exporter->output(), kReloaded), 100U);
  EXPECT_EQ(exporter->value("pg_up", of("pg-1")), 1);
}

// A process that becomes the exporter, with a standard error that nobody reads and that is full.
std::vector<std::string> with_full_standard_error() {
  return {
      "/usr/bin/python3",
      "-c",
      "import os, sys\n"
      "r, w = os.pipe()\n"
      "os.set_inheritable(r, True)\n"
      "os.set_blocking(w, False)\n"
      "for size in (4096, 1):\n"
      "    try:\n"
      "        while True: os.write(w, b'x' * size)\n"
      "    except BlockingIOError: pass\n"
      "os.set_blocking(w, True)\n"
      "os.dup2(w, 2)\n"
      "os.execv(sys.argv[1], sys.argv[1:])\n"};
}

TEST_F(Reload, ReaderOfTheLogThatStandsStillStopsNothing) {
  configure(entry(primary, "pg-1"));
  exporter = std::make_unique<Exporter>(ExporterOptions{
      .arguments = {"--config.file", folder.path() / "exporter.yml"},
      .launcher = with_full_standard_error()});
  EXPECT_TRUE(wait_until([&] { return exporter->value("pg_up", of("pg-1")) == 1; }));
  // Each mistake is a line of the log.
  std::string mistakes;
  for (int i = 0; i < 1200; ++i) {
    mistakes += "nonsense_" + std::to_string(i) + ": 1\n";
  }
  configure(entry(primary, "pg-1"), mistakes);
  exporter->reload();
  EXPECT_TRUE(wait_until([&] {
    return exporter->value("pg_exporter_log_lines_dropped_total").value_or(0) > 100;
  }));
  EXPECT_EQ(exporter->value("pg_up", of("pg-1")), 1);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(exporter->stop(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{2});
}

}  // namespace
}  // namespace pgrepl::testing
