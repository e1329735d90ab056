// Real faults on real servers, and who is told of them: the right page, once, and its end.
#include "e2e/alerting.h"
#include "support/exporter.h"
#include "support/pg_cluster.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

PrimaryOptions small_primary() {
  return {.settings = {"max_connections = 20", "superuser_reserved_connections = 3"}};
}

// A primary and two standbys without slots, which would be found without a consumer in every drill
// that stops one.
class AlertDrill : public ::testing::Test {
 protected:
  explicit AlertDrill(const PrimaryOptions& options = small_primary()) : cluster{options} {
    standby = &cluster.add_standby({.name = "pg-2"});
    other_standby = &cluster.add_standby({.name = "pg-3"});
    start_exporter();
    alerting = std::make_unique<Alerting>(exporter->port());
  }

  void start_exporter() {
    const std::string servers =
        cluster.primary().conninfo() + "," + standby->conninfo() + "," + other_standby->conninfo();
    exporter =
        std::make_unique<Exporter>(ExporterOptions{.environment = {{"DATA_SOURCE_NAME", servers}}});
  }

  [[nodiscard]] std::size_t told(std::string_view receiver) const {
    return alerting->webhook().count(receiver, "firing");
  }

  // The alert and nothing else has arrived at the receiver, once.
  void expect_once(std::string_view receiver, std::string_view alert) const {
    EXPECT_TRUE(alerting->hears(receiver, "firing", alert)) << alerting->webhook().story();
    alerting->let_settle();
    EXPECT_EQ(alerting->webhook().count(receiver, "firing", alert), 1U)
        << alerting->webhook().story();
    EXPECT_EQ(told(receiver), 1U) << alerting->webhook().story();
  }

  void expect_end(std::string_view receiver, std::string_view alert) const {
    EXPECT_TRUE(alerting->hears(receiver, "resolved", alert)) << alerting->webhook().story();
  }

  PgCluster cluster;
  PgServer* standby = nullptr;
  PgServer* other_standby = nullptr;
  std::unique_ptr<Exporter> exporter;
  std::unique_ptr<Alerting> alerting;
};

TEST_F(AlertDrill, IdleClusterTellsNobody) {
  alerting->let_settle(8);
  EXPECT_EQ(told("pager"), 0U) << alerting->webhook().story();
  EXPECT_EQ(told("ticket"), 0U) << alerting->webhook().story();
}

TEST_F(AlertDrill, KilledPrimaryMakesOnePage) {
  cluster.primary().kill();
  expect_once("pager", "PgClusterNoPrimary");
  EXPECT_EQ(told("ticket"), 0U) << alerting->webhook().story();
  cluster.primary().start();
  expect_end("pager", "PgClusterNoPrimary");
}

TEST_F(AlertDrill, FrozenStandbyMakesTicketsAndNoPage) {
  standby->freeze();
  EXPECT_TRUE(alerting->hears("ticket", "firing", "PgServerDown")) << alerting->webhook().story();
  alerting->let_settle();
  EXPECT_EQ(alerting->webhook().count("ticket", "firing", "PgServerDown"), 1U)
      << alerting->webhook().story();
  EXPECT_EQ(told("pager"), 0U) << alerting->webhook().story();
  standby->thaw();
  expect_end("ticket", "PgServerDown");
}

TEST_F(AlertDrill, PausedReplayMakesOneTicket) {
  standby->pause_replay();
  expect_once("ticket", "PgReplicaReplayPaused");
  EXPECT_EQ(told("pager"), 0U) << alerting->webhook().story();
  standby->resume_replay();
  expect_end("ticket", "PgReplicaReplayPaused");
}

TEST_F(AlertDrill, SlotWithoutConsumerMakesOneTicket) {
  cluster.primary().execute("SELECT pg_create_physical_replication_slot('orphan', true)");
  expect_once("ticket", "PgSlotInactive");
  EXPECT_EQ(told("pager"), 0U) << alerting->webhook().story();
  cluster.primary().execute("SELECT pg_drop_replication_slot('orphan')");
  expect_end("ticket", "PgSlotInactive");
}

TEST_F(AlertDrill, SecondPrimaryMakesOnePage) {
  standby->promote();
  expect_once("pager", "PgClusterSplitBrain");
  standby->stop();
  expect_end("pager", "PgClusterSplitBrain");
}

TEST_F(AlertDrill, ExhaustedConnectionsMakeOnePage) {
  std::vector<PgConnection> clients;
  for (int count = 0; count < 16; ++count) {
    clients.push_back(cluster.primary().connect());
  }
  expect_once("pager", "PgConnectionsHigh");
  EXPECT_EQ(told("ticket"), 0U) << alerting->webhook().story();
  clients.clear();
  expect_end("pager", "PgConnectionsHigh");
}

TEST_F(AlertDrill, KilledExporterMakesOnePage) {
  exporter.reset();
  expect_once("pager", "PgExporterAbsent");
  start_exporter();
  alerting->scrape(exporter->port());
  expect_end("pager", "PgExporterAbsent");
}

class ArchiveDrill : public AlertDrill {
 protected:
  ArchiveDrill() : AlertDrill{{.settings = {"archive_mode = on", "archive_command = 'false'"}}} {}

  // Ends a segment, so that there is something to archive.
  void write_segment() {
    cluster.primary().execute("SELECT pg_create_restore_point('drill')");
    cluster.primary().execute("SELECT pg_switch_wal()");
  }
};

TEST_F(ArchiveDrill, FailingArchiveMakesOnePage) {
  write_segment();
  expect_once("pager", "PgWalArchivingFailing");
  cluster.primary().configure({"archive_command = 'true'"});
  write_segment();
  expect_end("pager", "PgWalArchivingFailing");
}

}  // namespace
}  // namespace pgrepl::testing
