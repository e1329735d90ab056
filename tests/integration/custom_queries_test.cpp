// Query files of other exporters, unchanged, on real servers.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

constexpr const char* kPostgresExporter = R"yaml(
app_plain:
  query: "SELECT 'x' AS kind, 3 AS amount, pg_catalog.now() AS taken, NULL::int AS nothing, 7 AS extra, 'text' AS words"
  master: true
  cache_seconds: 30
  metrics:
    - kind: { usage: "LABEL", description: "Kind" }
    - amount: { usage: "COUNTER", description: "Amount\nin two lines" }
    - taken: { usage: "GAUGE", description: "When" }
    - nothing: { usage: "GAUGE", description: "Nothing" }
app_future:
  query: "SELECT 1 AS n"
  runonserver: ">=99.0.0"
  metrics: [{ n: { usage: "GAUGE" } }]
app_present:
  query: "SELECT 1 AS n"
  runonserver: ">=13.0.0"
  metrics: [{ n: { usage: "GAUGE" } }]
app_mapped:
  query: "SELECT 'b' AS state, '1h30m' AS took, 'mine' AS server"
  metrics:
    - state: { usage: "MAPPEDMETRIC", metric_mapping: { a: 1, b: 2 }, description: "State" }
    - took: { usage: "DURATION", description: "Took" }
    - server: { usage: "LABEL" }
app_histogram:
  query: "SELECT 'l' AS l, '{1,2,Infinity}' AS h, ARRAY[3,4,5] AS h_bucket, 9.5 AS h_sum, 5 AS h_count"
  metrics:
    - l: { usage: "LABEL" }
    - h: { usage: "HISTOGRAM", description: "Sizes" }
app_table:
  query: "SELECT count(*) AS n FROM app_things"
  metrics: [{ n: { usage: "GAUGE" } }]
app_twice:
  query: "SELECT 'same' AS l, 1 AS n FROM generate_series(1, 3)"
  metrics: [{ l: { usage: "LABEL" } }, { n: { usage: "GAUGE" } }]
app_wrong:
  query: "SELECT nothing FROM nowhere"
  metrics: [{ n: { usage: "GAUGE" } }]
app_misspelt:
  query: "SELECT 1 AS n"
  metrics: [{ n: { usage: "GAUGGE" } }]
)yaml";

constexpr const char* kPgExporter = R"yaml(
app_on_primary:
  name: app_role
  desc: Where it runs
  query: SELECT 'primary' AS seen_on, 250 AS millis, NULL::int AS missing;
  ttl: 10
  timeout: 0.5
  min_version: 100000
  tags: [ cluster, primary ]
  metrics:
    - seen_on: { usage: LABEL, rename: place }
    - millis: { usage: GAUGE, rename: seconds, scale: 1e-3, description: Time }
    - missing: { usage: GAUGE, default: 5 }
app_on_standby:
  name: app_role
  query: SELECT 'standby' AS seen_on, 250 AS millis, 1 AS missing
  tags: [ cluster, standby ]
  metrics:
    - seen_on: { usage: LABEL, rename: place }
    - millis: { usage: GAUGE, rename: seconds, scale: 1e-3, description: Time }
    - missing: { usage: GAUGE, default: 5 }
app_old: { query: SELECT 1 AS n, max_version: 130000, metrics: [{ n: { usage: GAUGE } }] }
app_skipped: { query: SELECT 1 AS n, skip: true, metrics: [{ n: { usage: GAUGE } }] }
app_bouncer: { query: SHOW LISTS, tags: [ pgbouncer ], metrics: [{ n: { usage: GAUGE } }] }
app_no_extension: { query: SELECT 1 AS n, tags: [ "extension:nowhere" ], metrics: [{ n: { usage: GAUGE } }] }
app_here: { query: SELECT 1 AS n, tags: [ "dbname:postgres" ], metrics: [{ n: { usage: GAUGE } }] }
app_predicate_true:
  query: SELECT 1 AS n
  predicate_queries: [{ name: yes, predicate_query: SELECT true, ttl: 60 }]
  metrics: [{ n: { usage: GAUGE } }]
app_predicate_false:
  query: SELECT 1 AS n
  predicate_queries: [{ name: no, predicate_query: SELECT false }]
  metrics: [{ n: { usage: GAUGE } }]
app_predicate_wrong:
  query: SELECT 1 AS n
  predicate_queries: [{ name: bad, predicate_query: SELECT 42 }]
  metrics: [{ n: { usage: GAUGE } }]
app_spread:
  query: SELECT 'l' AS l, v AS took FROM (VALUES (1), (5), (NULL)) AS seen (v)
  tags: [ cluster ]
  metrics: [{ l: { usage: LABEL } }, { took: { usage: HISTOGRAM, bucket: [1, 3], description: Spread } }]
app_slow:
  query: SELECT 1 AS n FROM pg_sleep(5)
  timeout: 0.1
  metrics: [{ n: { usage: GAUGE } }]
)yaml";

constexpr const char* kCloudNativePg = R"yaml(
apiVersion: v1
kind: ConfigMap
metadata: { name: monitoring }
data:
  queries: |
    app:
      query: "SELECT current_database() AS datname, 1 AS n"
      target_databases: ["*"]
      metrics: [{ datname: { usage: "LABEL" } }, { n: { usage: "GAUGE", description: "N" } }]
    app_only_primary:
      query: "SELECT 1 AS n"
      primary: true
      metrics: [{ n: { usage: "GAUGE" } }]
    app_asked:
      name: app_renamed
      query: "SELECT 1 AS n"
      predicate_query: "SELECT NOT pg_catalog.pg_is_in_recovery()"
      metrics: [{ n: { usage: "GAUGE", name: "other" } }]
)yaml";

class CustomQueries : public ::testing::Test {
 protected:
  void SetUp() override {
    PGREPL_REQUIRE_POSTGRES();
    write("pe.yaml", kPostgresExporter);
    write("px.yml", kPgExporter);
    write("cn.yaml", kCloudNativePg);
    cluster.primary().execute("CREATE TABLE app_things AS SELECT generate_series(1, 4) AS i");
    cluster.primary().execute("GRANT SELECT ON app_things TO monitor");
    cluster.wait_until_caught_up(standby);
    exporter = std::make_unique<Exporter>(ExporterOptions{
        .environment =
            {{"DATA_SOURCE_NAME",
              cluster.primary().conninfo("monitor") + "," + standby.conninfo("monitor")}},
        .arguments = {
            "--extend.query-path",
            folder.path() / "pe.yaml",
            "--extend.query-path",
            folder.path() / "px.yml",
            "--extend.query-path",
            folder.path() / "cn.yaml"}});
    // Before the first round the exporter does not know the servers' roles.
    (void)exporter->scrape();
    page = exporter->scrape();
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder.path() / name} << text;
  }

  [[nodiscard]] static Labels on(const PgServer& server, Labels more = {}) {
    more["server"] = "127.0.0.1:" + std::to_string(server.port());
    return more;
  }

  [[nodiscard]] std::optional<double> value(const std::string& name, const Labels& labels) const {
    return find_value(page, name, labels);
  }

  [[nodiscard]] std::optional<double> success(const std::string& collector) const {
    return value("pg_exporter_collector_success", on(primary, {{"collector", collector}}));
  }

  TemporaryDirectory folder;
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  std::unique_ptr<Exporter> exporter;
  std::vector<Series> page;
};

TEST_F(CustomQueries, OfPostgresExporterLoadUnchanged) {
  EXPECT_EQ(value("app_plain_amount", on(primary, {{"kind", "x"}})), 3);
  EXPECT_NEAR(
      value("app_plain_taken", on(primary)).value_or(0), static_cast<double>(std::time(nullptr)), 60
  );
  EXPECT_EQ(value("app_plain_nothing", on(primary)), std::nullopt);
  EXPECT_EQ(value("app_plain_extra", on(primary, {{"kind", "x"}})), 7);
  EXPECT_EQ(value("app_plain_words", on(primary)), std::nullopt);
  EXPECT_EQ(value("app_present_n", on(standby)), 1);
  EXPECT_EQ(value("app_future_n", on(primary)), std::nullopt);
  EXPECT_EQ(value("app_mapped_state", on(primary, {{"exported_server", "mine"}})), 2);
  EXPECT_EQ(value("app_mapped_took_milliseconds", on(primary)), 5400000);
  EXPECT_EQ(value("app_table_n", on(primary)), 4);
}

TEST_F(CustomQueries, HistogramsAreHistograms) {
  EXPECT_EQ(value("app_histogram_h_bucket", on(primary, {{"le", "1"}})), 3);
  EXPECT_EQ(value("app_histogram_h_bucket", on(primary, {{"le", "2"}})), 4);
  EXPECT_EQ(value("app_histogram_h_bucket", on(primary, {{"le", "+Inf"}})), 5);
  EXPECT_EQ(value("app_histogram_h_sum", on(primary)), 9.5);
  EXPECT_EQ(value("app_histogram_h_count", on(primary)), 5);
}

TEST_F(CustomQueries, HistogramsOfPgExporterCountRows) {
  EXPECT_EQ(value("app_spread_took_bucket", on(primary, {{"l", "l"}, {"le", "1"}})), 1);
  EXPECT_EQ(value("app_spread_took_bucket", on(primary, {{"l", "l"}, {"le", "3"}})), 1);
  EXPECT_EQ(value("app_spread_took_bucket", on(primary, {{"l", "l"}, {"le", "+Inf"}})), 2);
  EXPECT_EQ(value("app_spread_took_sum", on(primary)), 6);
  EXPECT_EQ(value("app_spread_took_count", on(primary)), 2);
}

TEST_F(CustomQueries, DuplicatesAndBrokenOnesCostNothingElse) {
  EXPECT_EQ(value("app_twice_n", on(primary)), 1);
  EXPECT_EQ(
      value(
          "pg_exporter_dropped_samples",
          on(primary, {{"collector", "app_twice"}, {"reason", "duplicate"}})
      ),
      2
  );
  EXPECT_EQ(success("app_wrong"), 0);
  EXPECT_EQ(success("app_misspelt"), 0);
  EXPECT_EQ(success("app_slow"), 0);
  EXPECT_EQ(success("app_plain"), 1);
  EXPECT_EQ(value("pg_up", on(primary)), 1);
  const std::string log = exporter->output();
  EXPECT_NE(log.find("pe.yaml:41:"), std::string::npos) << log;
  EXPECT_NE(log.find("app_misspelt: usage: nothing is called 'GAUGGE'"), std::string::npos) << log;
  EXPECT_NE(log.find("query=app_wrong"), std::string::npos) << log;
}

TEST_F(CustomQueries, OfPgExporterLoadUnchanged) {
  EXPECT_EQ(value("app_role_seconds", on(primary, {{"place", "primary"}})), 0.25);
  EXPECT_EQ(value("app_role_seconds", on(standby, {{"place", "standby"}})), 0.25);
  EXPECT_EQ(value("app_role_missing", on(primary)), 5);
  EXPECT_EQ(value("app_here_n", on(primary)), 1);
  EXPECT_EQ(value("app_predicate_true_n", on(primary)), 1);
  for (const char* name :
       {"app_old_n",
        "app_skipped_n",
        "app_bouncer_n",
        "app_no_extension_n",
        "app_predicate_false_n",
        "app_predicate_wrong_n"}) {
    EXPECT_EQ(value(name, on(primary)), std::nullopt) << name;
  }
  EXPECT_EQ(success("app_predicate_false"), std::nullopt);
  EXPECT_EQ(success("app_predicate_wrong"), 0);
}

TEST_F(CustomQueries, OfCloudNativePgLoadUnchanged) {
  // What runs in many databases does not keep a page waiting.
  await("the databases have been asked", [&] {
    page = exporter->scrape();
    return value("cnpg_app_n", on(primary, {{"datname", "postgres"}})) == 1;
  });
  EXPECT_EQ(value("cnpg_app_only_primary_n", on(primary)), 1);
  EXPECT_EQ(value("cnpg_app_only_primary_n", on(standby)), std::nullopt);
  EXPECT_EQ(value("cnpg_app_renamed_other", on(primary)), 1);
  EXPECT_EQ(value("cnpg_app_renamed_other", on(standby)), std::nullopt);
}

TEST_F(CustomQueries, CheckNamesWhatIsWrongAndWhere) {
  const auto finished = run_exporter(
      {.environment = {{"DATA_SOURCE_NAME", "host=127.0.0.1"}},
       .arguments = {"check", "--extend.query-path", folder.path() / "pe.yaml"}}
  );
  EXPECT_EQ(finished.status, 2);
  EXPECT_NE(finished.output.find("pe.yaml:41:"), std::string::npos) << finished.output;
}

}  // namespace
}  // namespace pgrepl::testing
