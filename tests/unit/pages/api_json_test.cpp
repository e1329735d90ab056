#include "pages/api_json.h"

#include "support/json_schema.h"
#include "unit/pages/picture_fixture.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pgrepl::pages {
namespace {

using ::testing::IsEmpty;
using Json = nlohmann::json;

std::string schema(const std::string& name) {
  const std::filesystem::path root{PGREPL_SOURCE_DIR};
  std::ifstream file{root / "docs/api" / (name + ".schema.json")};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// A cluster with everything that can be told: a slot, an exposure, a failover, a silent server.
WatchedCluster eventful() {
  cluster::ServerSample first =
      primary("pg-1").at("0/200").sends(sender("pg-2").slot("pg_2").replayed("0/100"));
  first.slots.push_back(
      {.name = "pg_2", .type = "physical", .active = true, .wal_status = "reserved"}
  );
  WatchedCluster made = watched(
      "c",
      {first,
       standby("pg-2")
           .replayed("0/100")
           .receives_from("pg-1", "pg_2")
           .apply_delay(std::chrono::milliseconds{1500}),
       standby("pg-3").down(pg::FailureReason::Timeout)}
  );
  made.cluster.endpoints = {
      {.probe = {.name = "write", .reading = cluster::EndpointReading{}, .duration = {}},
       .ok = true,
       .server = "pg-1"},
      {.probe = {.name = "read", .expect = cluster::Role::Standby, .duration = {}}, .server = {}}};
  made.cluster.pgbouncers = {
      {.probe = {.name = "b-1", .reading = cluster::PgBouncerReading{}, .failure = {}},
       .routes =
           {{.database = "app",
             .servers = {"pg-1"},
             .leads_to_primary = true,
             .evidence = "is connected to 10.0.0.1:5432"}}},
      {.probe =
           {.name = "b-2",
            .reading = {},
            .failure = cluster::Failure{pg::FailureReason::Timeout, "no answer in time"}},
       .routes = {}}};
  made.labels["environment"] = "test";
  made.expected_standbys = 2;
  made.cluster.failovers = 1;
  made.cluster.last_failover = instant(-60);
  made.cluster.last_failover_downtime = cluster::Seconds{4.5};
  made.cluster.servers[1].standby->catchup =
      cluster::Seconds{std::numeric_limits<double>::infinity()};
  return made;
}

TEST(ClustersJson, FollowsItsSchema) {
  const Picture all = picture_of({healthy_pair(), eventful(), watched("empty", {})});
  const auto document = clusters_json(all);
  EXPECT_THAT(testing::schema_violations(schema("clusters"), document), IsEmpty()) << document;
}

TEST(ClustersJson, SchemaFindsWhatIsMissingAndWhatIsTooMuch) {
  Json document = Json::parse(clusters_json(picture_of({healthy_pair()})));
  document["clusters"][0].erase("primary");
  document["clusters"][0]["servers"][0]["port"] = "5432";
  document["more"] = 1;
  EXPECT_EQ(testing::schema_violations(schema("clusters"), document.dump()).size(), 3U);
}

TEST(ClustersJson, EveryEdgeHasItsEvidence) {
  const Json document = Json::parse(clusters_json(picture_of({eventful()})));
  const Json& standby = document["clusters"][0]["servers"][1]["standby"];
  EXPECT_EQ(
      standby["upstream"],
      Json::parse(R"({"server": "pg-1", "application_name": "pg-2", "slot_name": "pg_2",
                      "evidence": "slot"})")
  );
  EXPECT_EQ(standby["lag"]["bytes"], 256);
  EXPECT_EQ(standby["configured_delay_seconds"], 1.5);
  EXPECT_EQ(standby["catchup_seconds"], "+Inf");
}

TEST(ClustersJson, EveryAnomalyHasItsEvidenceAndEveryProblemAnAdvice) {
  // Both have been asked at the instant of the observation, so the conflict is certain only later.
  WatchedCluster split = watched("c", {primary("a").at("0/1"), primary("b").at("0/2")});
  split.cluster.primary.reset();
  split.cluster.anomalies = {{cluster::Anomaly::SplitBrain, "answering as primaries: a, b"}};
  const Json told = Json::parse(clusters_json(picture_of({split})))["clusters"][0];
  EXPECT_EQ(told["health"], "unhealthy");
  EXPECT_EQ(
      told["anomalies"],
      Json::parse(R"([{"anomaly": "split_brain", "evidence": "answering as primaries: a, b"}])")
  );
  EXPECT_EQ(told["problems"][0]["message"], "answering as primaries: a, b");
  EXPECT_FALSE(told["problems"][0]["advice"].get<std::string>().empty());
  EXPECT_TRUE(told["primary"].is_null());
}

TEST(ClustersJson, EndpointsSayWhereTheyLead) {
  const Json document = Json::parse(clusters_json(picture_of({eventful()})));
  const Json& endpoints = document["clusters"][0]["endpoints"];
  EXPECT_EQ(endpoints[0]["server"], "pg-1");
  EXPECT_EQ(endpoints[0]["ok"], true);
  EXPECT_TRUE(endpoints[1]["ok"].is_null());
  const Json& pgbouncers = document["clusters"][0]["pgbouncers"];
  EXPECT_EQ(pgbouncers[0]["up"], true);
  EXPECT_EQ(pgbouncers[0]["databases"][0]["leads_to_primary"], true);
  EXPECT_EQ(pgbouncers[1]["up"], false);
  EXPECT_EQ(pgbouncers[1]["failure"]["reason"], "timeout");
}

TEST(ClustersJson, UnknownIsNullAndNeverZero) {
  const Json document = Json::parse(clusters_json(picture_of({eventful()})));
  const Json& silent = document["clusters"][0]["servers"][2];
  EXPECT_EQ(silent["up"], false);
  EXPECT_EQ(silent["failure"]["reason"], "timeout");
  EXPECT_TRUE(silent["uptime_seconds"].is_null());
  EXPECT_TRUE(silent["standby"]["lag"]["seconds"].is_null());
  EXPECT_EQ(silent["standby"]["lag"]["basis"], "unknown");
}

TEST(ClustersJson, TextFromOutsideCannotBreakIt) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[0].sample.tick->reading.senders[0].application_name = "\"}]\xff</script>";
  const Json document = Json::parse(clusters_json(picture_of({made})));
  EXPECT_EQ(
      document["clusters"][0]["servers"][0]["senders"][0]["application_name"],
      "\"}]\xef\xbf\xbd</script>"
  );
}

cluster::EventLog three_events() {
  cluster::EventLog log;
  log.note({1.7e9, "c", {cluster::EventKind::ServerUp, "pg-1", "answers as a primary"}});
  log.note({1.7e9 + 1, "d", {cluster::EventKind::ServerDown, "pg-1", "does not answer"}});
  log.note({1.7e9 + 2.5, "c", {cluster::EventKind::AnomalyBegan, "", "no_primary: nobody"}});
  return log;
}

TEST(EventsJson, FollowsItsSchemaNewestFirst) {
  const auto document = events_json(three_events(), {});
  EXPECT_THAT(testing::schema_violations(schema("events"), document), IsEmpty()) << document;
  const Json events = Json::parse(document)["events"];
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(
      events[0], Json::parse(R"({"at": "2023-11-14T22:13:22.500Z", "cluster": "c", "server": null,
                      "kind": "anomaly_began", "message": "no_primary: nobody"})")
  );
}

TEST(EventsJson, CanBeNarrowed) {
  const auto count = [](const EventFilter& filter) {
    return Json::parse(events_json(three_events(), filter))["events"].size();
  };
  EXPECT_EQ(count({.cluster = "c"}), 2U);
  EXPECT_EQ(count({.server = "pg-1"}), 2U);
  EXPECT_EQ(count({.cluster = "d", .server = "pg-1"}), 1U);
  EXPECT_EQ(count({.limit = 1}), 1U);
}

}  // namespace
}  // namespace pgrepl::pages
