// The built exporter as a black box before a real cluster: its page, and what it says of lag.
#include "support/exporter.h"

#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

// A server configured by conninfo alone is named by its address.
std::string name_of(const PgServer& server) {
  return "127.0.0.1:" + std::to_string(server.port());
}

class ExporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PGREPL_REQUIRE_POSTGRES();
    cluster_.emplace();
    standby_ = &cluster_->add_standby({.name = "pg-2", .slot = "pg_2"});
    cluster_->wait_until_caught_up(*standby_);
    exporter_.emplace(ExporterOptions{
        .environment = {
            {"DATA_SOURCE_NAME", cluster_->primary().conninfo() + "," + standby_->conninfo()}}});
  }

  std::optional<double> of(const PgServer& server, std::string_view series) {
    return exporter_->value(series, {{"server", name_of(server)}});
  }

  std::optional<PgCluster> cluster_;
  PgServer* standby_ = nullptr;
  std::optional<Exporter> exporter_;
};

TEST_F(ExporterTest, EveryServerIsUpUntilItStops) {
  EXPECT_EQ(of(cluster_->primary(), "pg_up"), 1.0);
  EXPECT_EQ(of(*standby_, "pg_up"), 1.0);
  standby_->stop(Shutdown::Immediate);
  EXPECT_TRUE(wait_until([&] { return of(*standby_, "pg_up") == 0.0; }));
  EXPECT_EQ(of(cluster_->primary(), "pg_up"), 1.0);
}

TEST_F(ExporterTest, LagGrowsWhileReplayIsPausedAndEndsAfterwards) {
  EXPECT_TRUE(wait_until([&] { return of(*standby_, "pg_standby_lag_bytes") == 0.0; }));
  standby_->pause_replay();
  cluster_->primary().execute("CREATE TABLE rows AS SELECT generate_series(1, 10000)");
  EXPECT_TRUE(wait_until([&] {
    return of(*standby_, "pg_standby_lag_bytes").value_or(0) > 100'000 &&
           of(*standby_, "pg_standby_lag_seconds").value_or(0) > 1;
  }));
  standby_->resume_replay();
  EXPECT_TRUE(wait_until([&] { return of(*standby_, "pg_standby_lag_bytes") == 0.0; }));
}

TEST_F(ExporterTest, FrozenStandbyHasNoLagInsteadOfAnOldOne) {
  standby_->freeze();
  EXPECT_TRUE(wait_until([&] { return of(*standby_, "pg_up") == 0.0; }));
  EXPECT_EQ(of(*standby_, "pg_standby_lag_seconds"), std::nullopt);
  standby_->thaw();
  EXPECT_TRUE(wait_until([&] { return of(*standby_, "pg_up") == 1.0; }));
}

TEST_F(ExporterTest, PromtoolHasNothingToSayAboutThePage) {
  const TemporaryDirectory folder;
  const auto page = folder.path() / "page";
  std::ofstream{page} << exporter_->get("/metrics").body;
  Process promtool{
      {.arguments = {"/bin/sh", "-c", "promtool check metrics < \"$1\"", "sh", page},
       .environment = environment_without({})}};
  EXPECT_EQ(promtool.wait(kPatience), 0) << promtool.output();
  EXPECT_EQ(promtool.output(), "");
}

TEST_F(ExporterTest, EndsCleanlyOnSigterm) {
  EXPECT_EQ(exporter_->stop(), 0) << exporter_->output();
}

TEST(ExporterInput, BadConfigurationIsNamedAndEndsWithTwo) {
  const auto finished = run_exporter({.arguments = {"--config.file=/nonexistent/config.yaml"}});
  EXPECT_EQ(finished.status, 2);
  EXPECT_NE(finished.output.find("/nonexistent/config.yaml"), std::string::npos) << finished.output;
}

}  // namespace
}  // namespace pgrepl::testing
