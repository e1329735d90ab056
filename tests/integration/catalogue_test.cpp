// Every query of the catalogue on every installed major, as a role that is only a member of
// pg_monitor, on a primary and on a standby.
#include "catalogue/batch.h"
#include "catalogue/embedded.h"
#include "catalogue/load.h"
#include "catalogue/select.h"
#include "sampling/decode.h"
#include "session/conninfo_parser.h"
#include "session/libpq_network.h"
#include "support/pg_cluster.h"
#include "support/run_coroutine.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

namespace pgrepl {
namespace {

using namespace std::chrono_literals;

catalogue::Catalogue embedded_catalogue() {
  std::vector<catalogue::SourceText> files;
  for (const auto& file : catalogue::embedded_query_files()) {
    files.push_back({std::string{file.name}, std::string{file.text}});
  }
  return catalogue::load(files).value();
}

std::vector<std::string> declared_columns(const catalogue::Query& query) {
  std::vector<std::string> names;
  for (const catalogue::Column& column : query.columns) {
    names.push_back(column.name);
  }
  std::ranges::sort(names);
  return names;
}

class CatalogueOnServer : public ::testing::TestWithParam<int> {
 protected:
  void check(testing::PgServer& server, catalogue::Role role) {
    const auto open = network.make_session(
        session::parse_conninfo(server.conninfo("monitor")).value().front(),
        {.connect_timeout = 5s, .statement_timeout = 5s, .lock_timeout = 1s}
    );
    const auto connected = testing::run_coroutine(io, open->connect());
    ASSERT_TRUE(connected) << connected.error().message;
    for (const catalogue::Query& query : all.queries) {
      check_query(*open, query, role);
    }
  }

  void check_query(session::Session& open, const catalogue::Query& query, catalogue::Role role) {
    const pg::Statement* sql = catalogue::variant_for(query, open.version());
    if (sql == nullptr || std::ranges::find(query.runs_on, role) == query.runs_on.end()) {
      return;
    }
    SCOPED_TRACE(query.name);
    const auto batch = catalogue::make_batch("SELECT 1", {{&query, sql}}, 5s);
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    const auto results = testing::run_coroutine(io, open.run(batch.statements, deadline));
    const auto& result = results[batch.places[0]];
    ASSERT_TRUE(result) << result.error().message;
    auto found = result->columns();
    std::ranges::sort(found);
    EXPECT_EQ(found, declared_columns(query));
    if (query.feeds == catalogue::Feeds::Tick) {
      const auto reading = sampling::decode_tick(*result);
      ASSERT_TRUE(reading) << reading.error();
      EXPECT_EQ(
          reading->role,
          role == catalogue::Role::Primary ? cluster::Role::Primary : cluster::Role::Standby
      );
      EXPECT_TRUE(reading->position);
      EXPECT_EQ(reading->timeline, pg::TimelineId{1});
    }
  }

  loop::SystemClock clock;
  asio::io_context io{1};
  session::LibpqNetwork network{loop::Loop{io, clock}};
  catalogue::Catalogue all = embedded_catalogue();
};

TEST_P(CatalogueOnServer, EveryQueryRunsAndHasItsDeclaredColumns) {
  const std::vector<std::string> settings{"shared_preload_libraries = 'pg_stat_statements'"};
  testing::PgCluster cluster{{.major = GetParam(), .settings = settings}};
  cluster.primary().execute("CREATE EXTENSION pg_stat_statements");
  cluster.primary().execute("CREATE EXTENSION pg_buffercache");
  auto& standby = cluster.add_standby({.name = "pg-2", .slot = "pg_2", .settings = settings});
  cluster.wait_until_caught_up(standby);
  check(cluster.primary(), catalogue::Role::Primary);
  check(standby, catalogue::Role::Standby);
}

std::vector<int> installed_majors() {
  std::vector<int> majors;
  for (const auto& installation : testing::installed_postgres()) {
    majors.push_back(installation.major);
  }
  return majors;
}

// Without any server the fixture's other tests say so.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CatalogueOnServer);
INSTANTIATE_TEST_SUITE_P(
    Majors,
    CatalogueOnServer,
    ::testing::ValuesIn(installed_majors()),
    [](const ::testing::TestParamInfo<int>& major) { return std::to_string(major.param); }
);

}  // namespace
}  // namespace pgrepl
