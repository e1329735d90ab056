// A data source that leads through a real PgBouncer, and an application beside the exporter that
// must not notice.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/pg_connection.h"
#include "support/pgbouncer.h"
#include "support/wait_until.h"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

// What a connection of the pool may have been left with, as one text.
constexpr const char* kState =
    "SELECT concat_ws(' ', current_setting('default_transaction_read_only'), "
    "current_setting('search_path'), current_setting('statement_timeout'), "
    "current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'), "
    "current_setting('DateStyle'), current_setting('TimeZone'), current_setting('bytea_output'), "
    "current_setting('default_transaction_isolation'), current_setting('tcp_keepalives_idle'), "
    "(SELECT count(*) FROM pg_prepared_statements), "
    "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'))";

class Pooled : public ::testing::TestWithParam<const char*> {
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
    server.execute(
        "CREATE SCHEMA app AUTHORIZATION monitor; ALTER ROLE monitor SET search_path = app"
    );
    // Every client, the application too, is given the connection that the exporter has used.
    const std::string to = "host=127.0.0.1 port=" + std::to_string(server.port()) +
                           " dbname=postgres user=monitor pool_size=" + (is_session() ? "5" : "1");
    pooler.emplace(std::vector<std::string>{"shop = " + to}, GetParam());
  }

  [[nodiscard]] bool is_session() const { return std::string{GetParam()} == "session"; }

  [[nodiscard]] bool is_statement() const { return std::string{GetParam()} == "statement"; }

  [[nodiscard]] std::string address() const {
    return "host=127.0.0.1 port=" + std::to_string(pooler->port()) + " user=monitor dbname=shop";
  }

  [[nodiscard]] ExporterOptions options(std::vector<std::string> arguments) const {
    return {.environment = {{"DATA_SOURCE_NAME", address()}}, .arguments = std::move(arguments)};
  }

  // On each connection of the pool what it was given at its start, and an application writes.
  void expect_untouched() {
    const std::string fresh =
        PgConnection{server.conninfo("monitor")}.execute(kState).at(0).at(0).value_or("");
    for (int client = 0; client < (is_session() ? 5 : 1); ++client) {
      PgConnection app{address()};
      EXPECT_EQ(app.execute(kState).at(0).at(0).value_or(""), fresh);
      EXPECT_NO_THROW(app.execute("INSERT INTO orders DEFAULT VALUES"));
    }
    const std::string name = "SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory'";
    EXPECT_EQ(server.query_value(name), "0");
  }

  void create_orders() { PgConnection{address()}.execute("CREATE TABLE orders (id serial)"); }

  PgCluster cluster{};
  PgServer& server = cluster.primary();
  std::optional<PgBouncer> pooler{};
};

TEST_P(Pooled, IsReadAndLeftAsItWas) {
  create_orders();
  Exporter exporter{options({})};
  const bool works = !is_statement();
  ASSERT_TRUE(wait_until([&] { return exporter.value("pg_up") == (works ? 1 : 0); }));
  for (int scrape = 0; scrape < 3; ++scrape) {
    const auto page = exporter.scrape();
    EXPECT_EQ(find_value(page, "pg_server_pooled"), works ? std::optional{1.0} : std::nullopt);
    EXPECT_EQ(find_value(page, "pg_up_reason", {{"reason", "pooler"}}), works ? 0 : 1);
    EXPECT_EQ(find_value(page, "pg_settings_max_connections").has_value(), works)
        << "the catalogue is read as well";
    expect_untouched();
  }
  EXPECT_NE(
      exporter.output().find(works ? "reached through a pooler" : "statement mode"),
      std::string::npos
  ) << exporter.output();
  EXPECT_EQ(exporter.stop(), 0);
  expect_untouched();
}

TEST_P(Pooled, CommandsLeaveItAsItWas) {
  create_orders();
  const char* said = is_statement() ? "pool_mode = transaction" : "through a pooler";
  for (const char* command : {"check --connect", "doctor", "status"}) {
    const std::string text{command};
    const auto space = text.find(' ');
    std::vector<std::string> arguments{text.substr(0, space)};
    if (space != std::string::npos) {
      arguments.push_back(text.substr(space + 1));
    }
    const Finished finished = run_exporter(options(arguments));
    if (text != "status") {
      EXPECT_NE(finished.output.find(said), std::string::npos) << text << ": " << finished.output;
    }
    EXPECT_EQ(finished.status == 0, text != "doctor" && !is_statement())
        << text << ": " << finished.output;
    expect_untouched();
  }
}

TEST_P(Pooled, ProbesAndEndpointsLeaveItAsItWas) {
  create_orders();
  TemporaryDirectory folder;
  const auto file = folder.path() / "exporter.yaml";
  const std::string port = std::to_string(pooler->port());
  std::ofstream{file}
      << "defaults: { user: monitor, dbname: shop }\n"
         "probe: { allowed_targets: [\"127.0.0.1:*\"] }\n"
         "auth_modules: { shop: { type: userpass, userpass: { username: monitor, "
         "password: none } } }\n"
         "clusters:\n  - servers: [{ name: pg-1, host: 127.0.0.1, port: "
      << server.port()
      << ", dbname: postgres }]\n    endpoints:\n      - { name: app, host: 127.0.0.1, port: "
      << port << ", expect: primary }\n";
  Exporter exporter{{.arguments = {"--config.file=" + file.string()}}};
  EXPECT_TRUE(wait_until([&] { return exporter.value("pg_endpoint_ok") == 1; }));
  for (const char* module : {"", "&auth_module=shop"}) {
    const auto answer = exporter.get("/probe?target=127.0.0.1:" + port + module);
    EXPECT_NE(
        answer.body.find(is_statement() ? "pg_up 0" : "pg_server_pooled 1"), std::string::npos
    ) << answer.body.substr(0, 2000);
  }
  const std::string fresh =
      PgConnection{server.conninfo("monitor")}.execute(kState).at(0).at(0).value_or("");
  PgConnection app{address()};
  const std::string found = app.execute(kState).at(0).at(0).value_or("");
  EXPECT_EQ(found.substr(0, found.rfind(' ')), fresh.substr(0, fresh.rfind(' ')))
      << "the lock beside it is the one of the direct connection";
  EXPECT_NO_THROW(app.execute("INSERT INTO orders DEFAULT VALUES"));
}

INSTANTIATE_TEST_SUITE_P(
    EveryMode,
    Pooled,
    ::testing::Values("session", "transaction", "statement"),
    [](const auto& one) { return std::string{one.param}; }
);

}  // namespace
}  // namespace pgrepl::testing
