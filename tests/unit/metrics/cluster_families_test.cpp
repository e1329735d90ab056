#include "metrics/cluster_families.h"

#include "cluster/observe.h"
#include "exposition/exposition.h"
#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

using testing::instant;
using testing::primary;
using testing::sender;
using testing::standby;

std::string page_of(const std::vector<cluster::ServerSample>& samples) {
  config::Cluster configured{.name = "c", .labels = {{"environment", "test"}}, .servers = {}};
  configured.lag_thresholds.warning = std::chrono::seconds{30};
  for (const auto& sample : samples) {
    configured.servers.push_back({.name = sample.name, .conninfo = {}, .lag_thresholds = {}});
  }
  const auto seen = cluster::observe({.name = "c", .rpo = {}}, samples, {}, instant(0));
  Families families;
  add_cluster_families(
      {.cluster = seen.cluster,
       .configured = configured,
       .now = instant(0),
       .wall_clock_now = 1000},
      families
  );
  return render(std::move(families).take());
}

bool has(const std::string& page, const std::string& line) {
  return page.find("\n" + line + "\n") != std::string::npos;
}

std::string of(const std::string& server, const std::string& more = "") {
  return R"({cluster="c",server=")" + server + R"(",environment="test")" + more + "}";
}

TEST(ClusterFamilies, HealthyStandbyHasEveryNumber) {
  const auto page = page_of({
      primary("pg-1").at("0/100").sends(sender().slot("s").replayed("0/100")),
      standby("pg-2").replayed("0/100").receives_from("pg-1", "s"),
  });
  EXPECT_TRUE(has(page, "pg_up" + of("pg-1") + " 1")) << page;
  EXPECT_TRUE(has(page, "pg_up_reason" + of("pg-1", R"(,reason="ok")") + " 1"));
  EXPECT_TRUE(has(page, "pg_standby_lag_seconds" + of("pg-2") + " 0"));
  EXPECT_TRUE(has(page, "pg_standby_lag_basis" + of("pg-2", R"(,basis="wal_history")") + " 1"));
  EXPECT_TRUE(has(page, "pg_standby_bottleneck" + of("pg-2", R"(,stage="none")") + " 1"));
  EXPECT_TRUE(
      has(page, "pg_standby_lag_threshold_seconds" + of("pg-2", R"(,severity="warning")") + " 30")
  );
  EXPECT_TRUE(has(page, R"(pg_cluster_servers{cluster="c",environment="test"} 2)"));
  EXPECT_TRUE(has(page, R"(pg_cluster_streaming_standbys{cluster="c",environment="test"} 1)"));
}

std::string capability(const std::string& which, int has) {
  return "pg_server_capability" + of("pg-2", R"(,capability=")" + which + '"') + " " +
         std::to_string(has);
}

TEST(ClusterFamilies, CapabilitiesAreWhatAnswersHaveShown) {
  cluster::ServerSample seen = standby("pg-2").replayed("0/100").receives_from("pg-1");
  seen.tick->reading.system_identifier = pg::SystemIdentifier{7};
  seen.facts->reads_all_settings = true;
  seen.slots_read_at = instant(0);
  const auto all = page_of({seen});
  for (const char* which :
       {"wal_position", "receiver", "senders", "slots", "control", "settings"}) {
    EXPECT_TRUE(has(all, capability(which, 1))) << which << all;
  }
  EXPECT_EQ(all.find(R"(capability="activity")"), std::string::npos) << "nothing was asked of it";
  cluster::ServerSample refused = standby("pg-2").hidden();
  refused.facts->reads_all_settings = false;
  refused.sync_waits = cluster::Seen<cluster::SyncWaits>::hidden();
  const auto none = page_of({refused});
  for (const char* which :
       {"wal_position", "receiver", "senders", "control", "activity", "settings"}) {
    EXPECT_TRUE(has(none, capability(which, 0))) << which << none;
  }
  EXPECT_EQ(none.find(R"(capability="slots")"), std::string::npos) << "no round has read them";
}

TEST(ClusterFamilies, PrimaryHasNoLag) {
  const auto page = page_of({primary("pg-1").at("0/100")});
  EXPECT_EQ(page.find("\npg_standby_lag"), std::string::npos);
  EXPECT_TRUE(has(page, "pg_replication_lag_seconds" + of("pg-1") + " 0"));
}

TEST(ClusterFamilies, ServerThatIsDownIsStillThereWithItsReason) {
  const auto page =
      page_of({primary("pg-1").at("0/100"), standby("pg-2").down(pg::FailureReason::Auth)});
  EXPECT_TRUE(has(page, "pg_up" + of("pg-2") + " 0"));
  EXPECT_TRUE(has(page, "pg_up_reason" + of("pg-2", R"(,reason="auth")") + " 1"));
  EXPECT_TRUE(has(page, "pg_up_reason" + of("pg-2", R"(,reason="ok")") + " 0"));
  EXPECT_FALSE(has(page, "pg_standby_lag_seconds" + of("pg-2") + " 0"));
  EXPECT_EQ(page.find("pg_wal_position_bytes" + of("pg-2")), std::string::npos);
}

TEST(ClusterFamilies, AnomaliesAreAllThere) {
  const auto page = page_of({standby("pg-2").replayed("0/1")});
  const std::string labels = R"({cluster="c",environment="test",anomaly=")";
  EXPECT_TRUE(has(page, "pg_cluster_anomaly" + labels + "no_primary\"} 1"));
  EXPECT_TRUE(has(page, "pg_cluster_anomaly" + labels + "split_brain\"} 0"));
}

}  // namespace
}  // namespace pgrepl::metrics
