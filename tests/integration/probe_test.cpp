// The multi-target form: one server's series as the community exporter's users select them.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <fstream>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

class Probe : public ::testing::Test {
 protected:
  void SetUp() override {
    PGREPL_REQUIRE_POSTGRES();
    stranger.execute("ALTER ROLE monitor CONNECTION LIMIT 20");
    std::ofstream{folder.path() / "exporter.yml"}
        << "defaults: { user: monitor, dbname: postgres }\n"
        << "clusters:\n"
        << "  - name: main\n"
        << "    servers:\n"
        << "      - { name: pg-1, host: 127.0.0.1, port: " << primary.port() << " }\n"
        << "      - { name: pg-2, host: 127.0.0.1, port: " << standby.port() << " }\n"
        << "probe: { allowed_targets: [\"127.0.0.1:" << stranger.port() << "\"] }\n"
        << "auth_modules:\n"
        << "  second: { userpass: { username: monitor, password: unused } }\n";
    exporter = std::make_unique<Exporter>(ExporterOptions{
        .arguments = {"--config.file", folder.path() / "exporter.yml"}});
  }

  [[nodiscard]] HttpResponse probe(const std::string& query) const {
    return exporter->get("/probe?" + query);
  }

  TemporaryDirectory folder;
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
  PgCluster other{};
  PgServer& stranger = other.primary();
  std::unique_ptr<Exporter> exporter;
};

TEST_F(Probe, KnownServerHasItsSeriesWithoutClusterAndServer) {
  std::vector<Series> page;
  EXPECT_TRUE(wait_until([&] {
    page = parse_exposition(probe("target=pg-2").body);
    return find_value(page, "pg_replication_lag_seconds") == 0;
  }));
  EXPECT_EQ(find_value(page, "probe_success"), 1);
  EXPECT_EQ(find_value(page, "pg_up"), 1);
  EXPECT_EQ(find_value(page, "pg_replication_is_replica"), 1);
  EXPECT_GT(find_value(page, "pg_settings_max_connections").value_or(0), 0);
  EXPECT_GT(find_value(page, "pg_exporter_last_scrape_duration_seconds").value_or(0), 0);
  EXPECT_EQ(find_value(page, "pg_exporter_last_scrape_error"), 0);
  EXPECT_GT(find_value(page, "pg_stat_database_xact_commit", {{"datname", "postgres"}}), 0);
  for (const Series& series : page) {
    EXPECT_FALSE(series.labels.contains("server")) << series.name;
    EXPECT_FALSE(series.labels.contains("cluster")) << series.name;
    EXPECT_FALSE(series.name.starts_with("process_")) << series.name;
  }
}

TEST_F(Probe, ServerThatIsDownIsAPageThatSaysSo) {
  standby.stop();
  std::vector<Series> page;
  // Not before limits.min_round_interval has passed since the last round.
  EXPECT_TRUE(wait_until([&] {
    const auto answer = probe("target=pg-2");
    EXPECT_EQ(answer.status, 200);
    page = parse_exposition(answer.body);
    return find_value(page, "probe_success") == 0;
  }));
  EXPECT_EQ(find_value(page, "pg_up"), 0);
  EXPECT_EQ(find_value(page, "pg_exporter_last_scrape_error"), 1);
}

TEST_F(Probe, AllowedStrangerIsAskedOnceAndLeftAlone) {
  const std::string target = "127.0.0.1%3A" + std::to_string(stranger.port());
  for (const std::string& query :
       {"target=" + target, "target=" + target + "&auth_module=second"}) {
    const auto answer = probe(query);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto page = parse_exposition(answer.body);
    EXPECT_EQ(find_value(page, "probe_success"), 1) << query;
    EXPECT_EQ(find_value(page, "pg_replication_is_replica"), 0) << query;
  }
  // The server takes a moment to see that a client has gone.
  await("nobody is logged in any more", [&] {
    const std::string sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'monitor'";
    return stranger.query_value(sql) == "0";
  });
}

TEST_F(Probe, WhatIsNotAllowedIsRefused) {
  EXPECT_EQ(probe("").status, 400);
  EXPECT_EQ(probe("target=192.0.2.1:5432").status, 403);
  EXPECT_EQ(probe("target=pg-1&auth_module=none").status, 400);
  const auto with_password = probe("target=postgresql://u:marker@127.0.0.1/");
  EXPECT_EQ(with_password.status, 400);
  EXPECT_EQ(with_password.body.find("marker"), std::string::npos);
  EXPECT_EQ(exporter->output().find("marker"), std::string::npos);
}

}  // namespace
}  // namespace pgrepl::testing
