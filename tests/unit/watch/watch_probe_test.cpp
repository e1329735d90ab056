#include "unit/watch/watch_fixture.h"

namespace pgrepl::watch {
namespace {

TEST_F(Watching, ProbeOfAKnownServerHasItsSeriesWithoutItsLabels) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  std::optional<http::ProbeAnswer> answer;
  probe(answer, "pg-1");
  stage.run_for(500ms);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->text.find("\nn_often 1\n"), std::string::npos) << answer->text;
}

TEST_F(Watching, ProbeOfAStrangerLeavesNoConnection) {
  pgrepl::Setup setup = setup_of({});
  setup.config.probe.allowed_targets = {"10.0.0.9:*"};
  make(std::move(setup));
  stage.run_for(1s);
  std::optional<http::ProbeAnswer> answer;
  probe(answer, "10.0.0.9:5432");
  stage.run_for(3s);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->text.find("probe_success 1"), std::string::npos) << answer->text;
  EXPECT_EQ(stage.server.open, 0);
}

TEST_F(Watching, ImpatientProbeFailsItsOwnPageOnly) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  stage.server.replies["OFTEN"].takes = 2s;
  std::optional<http::ProbeAnswer> impatient;
  std::optional<http::ProbeAnswer> patient;
  probe(impatient, "pg-1", 300ms);
  probe(patient, "pg-1");
  stage.run_for(400ms);
  ASSERT_TRUE(impatient);
  EXPECT_NE(impatient->text.find("probe_success 0"), std::string::npos) << impatient->text;
  EXPECT_NE(impatient->text.find("\npg_up 0\n"), std::string::npos) << impatient->text;
  EXPECT_EQ(impatient->text.find("n_often"), std::string::npos);
  stage.run_for(1s);
  Asker meanwhile;
  scrape(meanwhile, 100ms);
  stage.run_for(100ms);
  EXPECT_TRUE(has(meanwhile, "pg_up{cluster=\"main\",server=\"pg-1\"} 1"));
  ASSERT_FALSE(watch->picture()->clusters.empty());
  EXPECT_FALSE(watch->picture()->clusters[0].cluster.servers.at(0).sample.failure);
  stage.run_for(1s);
  ASSERT_TRUE(patient);
  EXPECT_NE(patient->text.find("probe_success 1"), std::string::npos) << patient->text;
  EXPECT_NE(patient->text.find("\nn_often 1\n"), std::string::npos);
}

TEST_F(Watching, ImpatientProbeOfAStrangerFails) {
  pgrepl::Setup setup = setup_of({});
  setup.config.probe.allowed_targets = {"10.0.0.9:*"};
  make(std::move(setup));
  stage.run_for(1s);
  stage.server.replies["OFTEN"].takes = 2s;
  std::optional<http::ProbeAnswer> answer;
  probe(answer, "10.0.0.9:5432", 300ms);
  stage.run_for(400ms);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->text.find("probe_success 0"), std::string::npos) << answer->text;
  stage.run_for(5s);
  EXPECT_EQ(stage.server.open, 0) << "its round has ended, and its connection with it";
}

TEST_F(Watching, ProbeOfAServerThatLeavesMeanwhileSaysSo) {
  make(setup_of({server_named("pg-1"), server_named("pg-2")}));
  stage.run_for(2s);
  stage.server.replies["OFTEN"].takes = 1s;
  std::optional<http::ProbeAnswer> answer;
  probe(answer, "pg-2");
  stage.run_for(200ms);
  watch->apply(setup_of({server_named("pg-1")}));
  stage.run_for(3s);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->text.find("probe_success 0"), std::string::npos) << answer->text;
}

TEST_F(Watching, ProbeOfAClusterThatLeavesMeanwhileIsNotFound) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  stage.server.replies["OFTEN"].takes = 1s;
  std::optional<http::ProbeAnswer> answer;
  probe(answer, "pg-1");
  stage.run_for(200ms);
  pgrepl::Setup other = setup_of({server_named("pg-1")});
  other.config.clusters[0].name = "renamed";
  watch->apply(std::move(other));
  stage.run_for(3s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
}

TEST_F(Watching, ProbeOfAnUnknownTargetIsRefusedAtOnce) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  std::optional<http::ProbeAnswer> answer;
  probe(answer, "10.0.0.9:5432");
  stage.settle();
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->status, 200);
  EXPECT_EQ(stage.server.open, 2) << "nobody was connected to";
}

TEST_F(Watching, ProbersAndSourcesAreStartedAndStoppedByReloads) {
  pgrepl::Setup setup = setup_of({});
  setup.config.clusters[0].endpoints = {{.name = "rw", .conninfo = {}}};
  setup.config.clusters[0].discovery = {
      config::DnsDiscovery{.name = "tasks.pg", .login = {}, .refresh = 1s}};
  make(setup);
  stage.run_for(3s);
  EXPECT_GT(stage.world.simple_logins, 2);
  EXPECT_GT(stage.world.look_ups, 2);
  watch->apply(setup_of({}));
  stage.run_for(2s);
  const auto before = std::pair{stage.world.simple_logins, stage.world.look_ups};
  stage.run_for(10s);
  EXPECT_EQ((std::pair{stage.world.simple_logins, stage.world.look_ups}), before);
}

}  // namespace
}  // namespace pgrepl::watch
