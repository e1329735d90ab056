// Real PgBouncers before real servers, and what the exporter says of them.
#include "support/pgbouncer.h"

#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

std::string address_of(const PgServer& server) {
  return "host=127.0.0.1 port=" + std::to_string(server.port());
}

class PgBouncers : public ::testing::Test {
 protected:
  void SetUp() override {
    PGREPL_REQUIRE_POSTGRES();
    if (!PgBouncer::is_installed()) {
      const char* required = std::getenv("REQUIRE_PG");
      if (required != nullptr && std::string{required} == "1") {
        FAIL() << "PgBouncer is not installed, and REQUIRE_PG=1 is set";
      }
      GTEST_SKIP() << "PgBouncer is not installed";
    }
    pooler.emplace(std::vector<std::string>{
        "app = " + address_of(primary) + " dbname=postgres",
        "app_read = " + address_of(standby) + " dbname=postgres",
        "elsewhere = host=192.0.2.1 port=5432",
    });
  }

  [[nodiscard]] ExporterOptions options(const std::string& user = "monitor") const {
    const auto file = folder.path() / "exporter.yaml";
    std::ofstream out{file};
    out << "defaults: { user: monitor, dbname: postgres }\nclusters:\n"
        << "  - servers:\n"
        << "      - { name: pg-1, host: 127.0.0.1, port: " << primary.port() << " }\n"
        << "      - { name: pg-2, host: 127.0.0.1, port: " << standby.port() << " }\n"
        << "    endpoints:\n"
        << "      - { name: write, host: 127.0.0.1, port: " << pooler->port()
        << ", dbname: app, user: postgres, password: \"" << superuser_password() << "\" }\n"
        << "    pgbouncers:\n"
        << "      - { name: bouncer, host: 127.0.0.1, port: " << pooler->port()
        << ", user: " << user << " }\n";
    return {.arguments = {"--config.file=" + file.string()}};
  }

  static bool is_up(const Exporter& exporter) {
    return exporter.value("pgbouncer_up", {{"pgbouncer", "bouncer"}}) == 1;
  }

  static std::optional<double> leads_to_primary(const Exporter& exporter, const std::string& name) {
    return exporter.value("pgbouncer_databases_leads_to_primary", {{"name", name}});
  }

  TemporaryDirectory folder{};
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
  std::optional<PgBouncer> pooler{};
};

TEST_F(PgBouncers, AreExportedUnderTheNamesOfTheCommunitysExporter) {
  Exporter exporter{options()};
  ASSERT_TRUE(wait_until([&] { return is_up(exporter); }));
  PgConnection client{pooler->conninfo("app")};
  client.execute("SELECT pg_catalog.pg_sleep(0.01)");
  const Labels app{{"cluster", "default"}, {"pgbouncer", "bouncer"}, {"database", "app"}};
  const auto duration = [&] {
    return exporter.value("pgbouncer_stats_queries_duration_seconds_total", app).value_or(0);
  };
  EXPECT_TRUE(wait_until([&] { return duration() >= 0.01; }));
  const auto page = exporter.scrape();
  Labels pool = app;
  pool.emplace("user", "postgres");
  EXPECT_GE(find_value(page, "pgbouncer_pools_client_active_connections", pool), 1);
  EXPECT_EQ(find_value(page, "pgbouncer_pools_client_maxwait_seconds", pool), 0);
  EXPECT_GE(find_value(page, "pgbouncer_stats_queries_pooled_total", app), 1);
  EXPECT_EQ(find_value(page, "pgbouncer_databases_paused", {{"name", "app"}}), 0);
  EXPECT_EQ(find_value(page, "pgbouncer_databases_pool_size", {{"name", "app"}}), 1);
  EXPECT_EQ(find_value(page, "pgbouncer_config_max_client_connections"), 50);
  EXPECT_GE(find_value(page, "pgbouncer_used_clients"), 1);
  EXPECT_GE(find_value(page, "pgbouncer_databases"), 3);
  EXPECT_TRUE(find_value(page, "pgbouncer_version_info"));
}

TEST_F(PgBouncers, ClientThatWaitsIsSeenWaiting) {
  Exporter exporter{options()};
  ASSERT_TRUE(wait_until([&] { return is_up(exporter); }));
  PgConnection holder{pooler->conninfo("app")};
  holder.execute("BEGIN");
  std::thread waiting{[this] { PgConnection{pooler->conninfo("app")}.execute("SELECT 1"); }};
  const Labels pool{{"database", "app"}, {"user", "postgres"}};
  const auto longest = [&] {
    return exporter.value("pgbouncer_pools_client_maxwait_seconds", pool).value_or(0);
  };
  EXPECT_TRUE(wait_until([&] { return longest() > 1; }));
  EXPECT_GE(exporter.value("pgbouncer_pools_client_waiting_connections", pool), 1);
  holder.execute("COMMIT");
  waiting.join();
}

TEST_F(PgBouncers, SayWhichServerADatabaseLeadsTo) {
  Exporter exporter{options()};
  EXPECT_TRUE(wait_until([&] { return leads_to_primary(exporter, "app") == 1; }));
  EXPECT_TRUE(wait_until([&] { return leads_to_primary(exporter, "app_read") == 0; }));
  const auto page = exporter.scrape();
  const auto leads_to = [&page](const char* name, const char* server) {
    return find_value(
        page, "pgbouncer_databases_server_info", {{"name", name}, {"server", server}}
    );
  };
  EXPECT_EQ(leads_to("app", "pg-1"), 1);
  EXPECT_EQ(leads_to("app_read", "pg-2"), 1);
  EXPECT_FALSE(leads_to("app", "pg-2"));
  EXPECT_EQ(find_value(page, "pgbouncer_databases_leads_to_primary", {{"name", "app_read"}}), 0);
  EXPECT_FALSE(find_value(page, "pgbouncer_databases_leads_to_primary", {{"name", "elsewhere"}}));
  primary.stop(Shutdown::Immediate);
  standby.promote();
  EXPECT_TRUE(wait_until([&] { return leads_to_primary(exporter, "app_read") == 1; }));
  EXPECT_EQ(leads_to_primary(exporter, "app"), 0);
}

TEST_F(PgBouncers, PausedOneAnswersAndWhatGoesThroughItHangs) {
  Exporter exporter{options()};
  const auto write_is = [&](double state) {
    return exporter.value("pg_endpoint_ok", {{"endpoint", "write"}}) == state;
  };
  ASSERT_TRUE(wait_until([&] { return write_is(1); }));
  pooler->command("PAUSE app");
  EXPECT_TRUE(wait_until([&] { return write_is(0); }));
  EXPECT_EQ(exporter.value("pgbouncer_databases_paused", {{"name", "app"}}), 1);
  EXPECT_TRUE(is_up(exporter));
  pooler->command("RESUME app");
  EXPECT_TRUE(wait_until([&] { return write_is(1); }));
  const std::string log = exporter.output();
  EXPECT_NE(log.find("endpoint write is not ok: does not answer (timeout)"), std::string::npos);
  EXPECT_NE(log.find("endpoint write is ok: leads to pg-1, a primary"), std::string::npos);
}

TEST_F(PgBouncers, HungOneIsDownWhileThePageComesAtOnce) {
  Exporter exporter{options()};
  ASSERT_TRUE(wait_until([&] { return is_up(exporter); }));
  pooler->freeze();
  EXPECT_TRUE(wait_until([&] { return !is_up(exporter); }));
  EXPECT_FALSE(exporter.value("pgbouncer_used_clients"));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(exporter.value("pg_up", {{"server", "pg-1"}}), 1);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{1});
  pooler->thaw();
  EXPECT_TRUE(wait_until([&] { return is_up(exporter); }));
  EXPECT_EQ(exporter.stop(), 0);
}

TEST_F(PgBouncers, RestartedOneIsReadAgain) {
  Exporter exporter{options()};
  ASSERT_TRUE(wait_until([&] { return is_up(exporter); }));
  pooler->stop();
  EXPECT_TRUE(wait_until([&] { return !is_up(exporter); }));
  pooler->start();
  EXPECT_TRUE(wait_until([&] { return is_up(exporter); }));
}

TEST_F(PgBouncers, UserWhoMayNotReadTheConsoleIsToldSo) {
  Exporter exporter{options("stranger")};
  const auto seen = [&] { return exporter.value("pgbouncer_up").has_value(); };
  EXPECT_TRUE(wait_until(seen));
  EXPECT_FALSE(is_up(exporter));
  EXPECT_NE(exporter.output().find("PgBouncer bouncer does not answer"), std::string::npos);
}

}  // namespace
}  // namespace pgrepl::testing
