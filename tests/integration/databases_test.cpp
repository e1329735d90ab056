// Queries that run in every database of a server, and what `check --connect` says of queries.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <filesystem>
#include <fstream>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPerDatabase = R"yaml(
- name: app_here
  per_database: true
  sql: SELECT length(current_database()) AS letters
  columns:
    letters: { gauge, help: "Letters of the name" }
- name: app_things
  databases: ["shop", "postgres"]
  sql: SELECT current_database() AS datname, count(*) AS total FROM public.things GROUP BY 1
  columns:
    datname: { label }
    total: { gauge, help: "Things" }
)yaml";

class Databases : public ::testing::Test {
 protected:
  void SetUp() override {
    PGREPL_REQUIRE_POSTGRES();
    std::ofstream{folder.path() / "app.yaml"} << kPerDatabase;
    for (const char* name : {"shop", "shop_test", "closed"}) {
      primary.execute("CREATE DATABASE " + std::string{name});
    }
    primary.execute("REVOKE CONNECT ON DATABASE closed FROM public");
    PgConnection shop{primary.conninfo("postgres") + " dbname=shop"};
    shop.execute("CREATE TABLE things AS SELECT generate_series(1, 4) AS i");
    shop.execute("GRANT SELECT ON things TO monitor");
  }

  [[nodiscard]] ExporterOptions options(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--extend.query-path", folder.path() / "app.yaml"});
    return {
        .environment = {{"DATA_SOURCE_NAME", primary.conninfo("monitor")}},
        .arguments = std::move(arguments),
    };
  }

  [[nodiscard]] static std::optional<double> letters(
      const Exporter& exporter, const std::string& database
  ) {
    return exporter.value("pg_app_here_letters", {{"datname", database}});
  }

  TemporaryDirectory folder;
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
};

TEST_F(Databases, AreAskedAsFarAsTheyAreIncluded) {
  const Exporter exporter{
      options({"--include-databases", "postgres,shop*", "--exclude-databases", "*_test"})};
  await("the databases have been asked", [&] { return letters(exporter, "shop") == 4; });
  EXPECT_EQ(letters(exporter, "postgres"), 8);
  EXPECT_EQ(letters(exporter, "shop_test"), std::nullopt);
  EXPECT_EQ(letters(exporter, "template1"), std::nullopt);
  EXPECT_EQ(exporter.value("pg_exporter_databases_left_out"), 0);
  EXPECT_EQ(
      exporter.value("pg_stat_user_tables_n_live_tup", {{"datname", "shop"}}).has_value(), true
  );
}

TEST_F(Databases, OfOurOwnConnectionAloneUnlessMoreAreIncluded) {
  const Exporter exporter{options({})};
  EXPECT_EQ(exporter.value("pg_app_here_letters"), 8);
}

TEST_F(Databases, ThatFailCostOnlyTheirOwnRows) {
  const Exporter exporter{options({})};
  await("the databases have been asked", [&] {
    return exporter.value("pg_app_things_total", {{"datname", "shop"}}) == 4;
  });
  EXPECT_THAT(exporter.output(), HasSubstr("query=app_things"));
  EXPECT_THAT(exporter.output(), HasSubstr("postgres: "));
}

TEST_F(Databases, ThatFailCountAsErrors) {
  const Exporter exporter{options({})};
  // app_things fails in `postgres`, with an SQL error.
  await("the failure is counted", [&] {
    return exporter.value("pg_exporter_errors_total", {{"reason", "other"}}).value_or(0) >= 1;
  });
}

// Due once an hour: without another connection its rows would be missing for as long.
TEST_F(Databases, ConnectionThatEndsUnderAQueryIsReplaced) {
  std::ofstream{folder.path() / "app.yaml"}
      << "- name: app_slow\n"
         "  every: 1h\n"
         "  databases: [shop]\n"
         "  sql: SELECT 1 AS one FROM pg_catalog.pg_sleep(1.5)\n"
         "  columns: { one: { gauge, help: One } }\n";
  const auto end = [this] {
    const std::string sql =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = 'shop' AND usename = 'monitor' AND query LIKE '%pg_sleep%'";
    return primary.query_value(sql) == "1";
  };
  // It runs once for each exporter, perhaps while this test does not.
  std::unique_ptr<Exporter> exporter;
  await("the connection is ended under the query", [&] {
    exporter = std::make_unique<Exporter>(options({}));
    return wait_until(end, 2s);
  });
  EXPECT_TRUE(wait_until([&] {
    return exporter->value("pg_app_slow_one", {{"datname", "shop"}}) == 1;
  })) << exporter->output();
}

TEST_F(Databases, AreAskedOverOneConnectionAfterAnother) {
  const Exporter exporter{options({"--auto-discover-databases"})};
  const auto count = [this] {
    const std::string sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'monitor'";
    return std::stoi(primary.query_value(sql).value_or("0"));
  };
  int most = 0;
  await("the databases have been asked", [&] {
    most = std::max(most, count());
    return letters(exporter, "shop_test").has_value();
  });
  EXPECT_LE(std::max(most, count()), 2);
  EXPECT_EQ(letters(exporter, "closed"), std::nullopt);
  EXPECT_EQ(exporter.value("pg_up"), 1);
}

TEST_F(Databases, CheckConnectSaysWhatBecameOfEveryQuery) {
  const Finished finished = run_exporter(options({"check", "--connect"}));
  // The table is missing in one of the two databases.
  EXPECT_EQ(finished.status, 1) << finished.output;
  EXPECT_THAT(finished.output, HasSubstr("PostgreSQL "));
  EXPECT_THAT(finished.output, HasSubstr(", primary\n"));
  EXPECT_THAT(finished.output, ContainsRegex("app_here +1 +1 +[0-9.]+\n"));
  EXPECT_THAT(finished.output, ContainsRegex("app_things  failed: postgres: .*things"));
  EXPECT_THAT(finished.output, Not(HasSubstr("GRANT")));
}

TEST_F(Databases, CheckConnectMissesPgMonitorAndServers) {
  primary.execute("CREATE ROLE stranger LOGIN");
  const ExporterOptions asked{
      .environment =
          {{"DATA_SOURCE_NAME", primary.conninfo("stranger") + ",host=127.0.0.1 port=1"}},
      .arguments = {"check", "--connect"}};
  const Finished finished = run_exporter(asked);
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.output, HasSubstr("GRANT pg_monitor TO"));
  EXPECT_THAT(finished.output, HasSubstr("127.0.0.1:1: does not answer"));
}

TEST(CommandLineFlags, SwitchQueriesAndSayWhatToUseInstead) {
  const std::string source = "host=127.0.0.1 port=1";
  const auto run = [&source](std::vector<std::string> arguments) {
    return run_exporter(
        {.environment = {{"DATA_SOURCE_NAME", source}}, .arguments = std::move(arguments)}
    );
  };
  EXPECT_EQ(run({"check", "--no-collector.locks", "--collector.stat_statements"}).status, 0);
  EXPECT_EQ(run({"check", "--no-collector.replication_slot", "--collector.bgwriter"}).status, 0);
  const Finished refused = run({"check", "--metric-prefix=x"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.output, HasSubstr("relabelling"));
  const Finished unknown = run({"check", "--collector.stat_databse"});
  EXPECT_EQ(unknown.status, 2) << unknown.output;
  EXPECT_THAT(unknown.output, HasSubstr("did you mean 'stat_database'?"));
}

TEST_F(Databases, LegacyNamesAreThereWhenTheyAreAskedFor) {
  const Exporter with{options({"--compat.legacy-names"})};
  EXPECT_TRUE(with.value("pg_stat_database_session_time", {{"datname", "postgres"}}));
  EXPECT_TRUE(with.value("pg_stat_bgwriter_buffers_alloc", {}));
  const Exporter without{options({})};
  EXPECT_FALSE(without.value("pg_stat_database_session_time", {{"datname", "postgres"}}));
  EXPECT_FALSE(without.value("pg_stat_bgwriter_buffers_alloc", {}));
  const Exporter fewer{options({"--no-collector.locks"})};
  EXPECT_FALSE(fewer.value("pg_exporter_collector_success", {{"collector", "locks"}}));
}

}  // namespace
}  // namespace pgrepl::testing
