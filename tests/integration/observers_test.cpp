// Many exporters on the same servers: few of them read, and the others stand by.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/pg_connection.h"
#include "support/wait_until.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kExporters = 20;
constexpr std::size_t kObservers = 3;
constexpr auto kTick = 2s;

class Observers : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  [[nodiscard]] ExporterOptions options() const {
    const auto at = [](const PgServer& server) {
      return "host: 127.0.0.1, port: " + std::to_string(server.port());
    };
    const auto file = folder.path() / "exporter.yaml";
    std::ofstream{file} << "sampling: { tick: 2s, observers: " << kObservers << " }\n"
                        << "defaults: { user: monitor, dbname: postgres }\n"
                        << "clusters:\n  - name: orders\n    servers:\n"
                        << "      - { name: pg-1, " << at(primary) << " }\n"
                        << "      - { name: pg-2, " << at(standby) << " }\n";
    return {.arguments = {"--config.file=" + file.string()}};
  }

  void start_all() {
    for (std::size_t i = 0; i < kExporters; ++i) {
      exporters.push_back(std::make_unique<Exporter>(options()));
    }
    ASSERT_TRUE(wait_until([this] { return observing().size() == kObservers; }));
  }

  // The cluster's lag is known to exporters that observe both its servers, and to no others.
  static bool observes(const Exporter& exporter) {
    const auto page = exporter.scrape();
    const bool both = find_value(page, "pg_exporter_observer", {{"server", "pg-1"}}) == 1 &&
                      find_value(page, "pg_exporter_observer", {{"server", "pg-2"}}) == 1;
    return both && find_value(page, "pg_standby_lag_seconds", {{"server", "pg-2"}}).has_value();
  }

  [[nodiscard]] std::vector<Exporter*> observing() const {
    std::vector<Exporter*> found;
    for (const auto& exporter : exporters) {
      if (exporter->running() && observes(*exporter)) {
        found.push_back(exporter.get());
      }
    }
    return found;
  }

  static std::size_t connections(const PgServer& server) {
    const auto count = server.query_value(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_replication_exporter'"
    );
    return std::stoul(count.value());
  }

  TemporaryDirectory folder{};
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
  std::vector<std::unique_ptr<Exporter>> exporters{};
};

TEST_F(Observers, OfTwentyExportersThreeReadAndTheOthersSayWhoAnswers) {
  start_all();
  // Two connections of each observer, one of the understudy; a visitor comes and goes.
  EXPECT_TRUE(wait_until([this] { return connections(primary) == 2 * kObservers + 1; }));
  EXPECT_TRUE(wait_until([this] { return connections(standby) == 2 * kObservers + 1; }));
  const auto idle =
      std::ranges::find_if(exporters, [](const auto& exporter) { return !observes(*exporter); });
  ASSERT_NE(idle, exporters.end());
  const auto page = (*idle)->scrape();
  for (const std::string server : {"pg-1", "pg-2"}) {
    EXPECT_EQ(find_value(page, "pg_up", {{"server", server}}), 1);
    EXPECT_EQ(find_value(page, "pg_exporter_observer", {{"server", server}}), 0);
    EXPECT_FALSE(find_value(page, "pg_server_role", {{"server", server}, {"role", "primary"}}));
    EXPECT_FALSE(find_value(
        page, "pg_stat_database_numbackends", {{"server", server}, {"datname", "postgres"}}
    ));
  }
  EXPECT_FALSE(find_value(page, "pg_cluster_primaries"));
  EXPECT_FALSE(find_value(page, "pg_cluster_anomaly", {{"anomaly", "no_primary"}}));
  EXPECT_EQ(find_value(page, "pg_cluster_servers"), 2);
  EXPECT_EQ((*idle)->get("/servers/pg-1/primary").status, 503);
  EXPECT_THAT((*idle)->get("/probe?target=pg-1").body, ::testing::HasSubstr("probe_success 1"));
  EXPECT_THAT((*idle)->get("/api/v1/clusters").body, ::testing::HasSubstr("\"observed\": false"));
}

TEST_F(Observers, ALostOneIsReplacedWithinTwoTicks) {
  start_all();
  ASSERT_TRUE(wait_until([this] { return connections(primary) == 2 * kObservers + 1; }));
  ASSERT_TRUE(wait_until([this] { return connections(standby) == 2 * kObservers + 1; }));
  const auto before = observing();
  ASSERT_EQ(before.size(), kObservers);
  before.front()->stop();
  const auto lost = Clock::now();
  ASSERT_TRUE(wait_until([this] { return observing().size() == kObservers; }));
  const std::chrono::duration<double> took = Clock::now() - lost;
  RecordProperty("takeover_seconds", std::to_string(took.count()));
  const auto asked = Clock::now();
  (void)observing();
  // Asking twenty exporters takes a while, too.
  EXPECT_LE(took, 2 * kTick + 2 * (Clock::now() - asked) + 500ms);
}

TEST_F(Observers, WhenTheServerOfThePlacesIsLostTheOthersStayWhereTheyAre) {
  start_all();
  // A place that was held for five ticks is settled: a server that comes back gives way to it.
  std::this_thread::sleep_for(6 * kTick);
  const auto before = observing();
  ASSERT_EQ(before.size(), kObservers);
  primary.stop(Shutdown::Immediate);
  const auto sees_the_loss = [](const Exporter* exporter) {
    const auto page = exporter->scrape();
    return find_value(page, "pg_up", {{"server", "pg-1"}}) == 0 &&
           find_value(page, "pg_exporter_observer", {{"server", "pg-2"}}) == 1;
  };
  EXPECT_TRUE(wait_until([&] { return std::ranges::all_of(before, sees_the_loss); }));
  primary.start();
  EXPECT_TRUE(wait_until([&] { return observing() == before; }));
}

}  // namespace
}  // namespace pgrepl::testing
