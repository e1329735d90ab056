#include "pages/server_check.h"

#include "pages/service_discovery.h"
#include "unit/pages/picture_fixture.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pgrepl::pages {
namespace {

using cluster::Seconds;
using cluster::Server;

Verdict passed(std::string reason) {
  return {.passed = true, .reason = std::move(reason)};
}

Verdict refused(std::string reason) {
  return {.passed = false, .reason = std::move(reason)};
}

TEST(CheckPrimary, OnlyThePrimaryPasses) {
  const WatchedCluster pair = healthy_pair();
  EXPECT_EQ(check_primary(pair, pair.cluster.servers[0]), passed("pg-1 is the primary"));
  EXPECT_EQ(check_primary(pair, pair.cluster.servers[1]), refused("pg-2 is a standby"));
}

TEST(CheckPrimary, OfTwoPrimariesNonePasses) {
  WatchedCluster split = watched("c", {primary("a").at("0/1"), primary("b").at("0/2")});
  split.cluster.primary.reset();
  for (const Server& server : split.cluster.servers) {
    EXPECT_EQ(
        check_primary(split, server), refused(server.sample.name + " is not the only primary")
    );
  }
}

TEST(CheckPrimary, OldPrimaryThatIsBackDoesNotPass) {
  WatchedCluster made = watched("c", {primary("a").at("0/1"), primary("b").at("0/2")});
  made.cluster.primary = 1;
  EXPECT_EQ(
      check_primary(made, made.cluster.servers[0]),
      refused("a answers as a primary, but is not the primary of its cluster")
  );
  EXPECT_TRUE(check_primary(made, made.cluster.servers[1]).passed);
}

TEST(CheckReplica, LagMustBeWithinEveryBound) {
  const WatchedCluster pair = lagging_pair(5, 2048);
  const Server& server = pair.cluster.servers[1];
  EXPECT_EQ(check_replica(server, {}), passed("pg-2 is 5 s (2 kB) behind"));
  EXPECT_TRUE(check_replica(server, {.time = Seconds{5}, .bytes = 2048}).passed);
  EXPECT_EQ(
      check_replica(server, {.time = Seconds{4.9}, .bytes = {}}),
      refused("pg-2 is 5 s (2 kB) behind")
  );
  EXPECT_FALSE(check_replica(server, {.time = Seconds{5}, .bytes = 2047}).passed);
}

TEST(CheckReplica, UnknownLagIsWithinNoBound) {
  WatchedCluster pair = healthy_pair();
  Server& server = pair.cluster.servers[1];
  server.standby->lag = {};
  EXPECT_EQ(check_replica(server, {}), passed("pg-2 is a standby"));
  EXPECT_EQ(
      check_replica(server, {.time = Seconds{10}, .bytes = {}}),
      refused("the lag of pg-2 is not known")
  );
  EXPECT_FALSE(check_replica(server, {.time = {}, .bytes = 10}).passed);
}

TEST(CheckReplica, PrimarySilentAndDivergedServersDoNotPass) {
  WatchedCluster pair = healthy_pair();
  EXPECT_EQ(check_replica(pair.cluster.servers[0], {}), refused("pg-1 is a primary"));
  pair.cluster.servers[1].standby->state = cluster::StandbyState::Diverged;
  EXPECT_EQ(
      check_replica(pair.cluster.servers[1], {}),
      refused("pg-2 is not on the timeline of its primary")
  );
  const WatchedCluster silent = watched("c", {standby("b").down()});
  EXPECT_EQ(check_replica(silent.cluster.servers[0], {}), refused("b does not answer"));
}

TEST(FindServers, ByNameInAllClustersOrInOne) {
  WatchedCluster other = healthy_pair();
  other.cluster.name = "d";
  const Picture picture = picture_of({healthy_pair(), other});
  EXPECT_EQ(find_servers(picture, "pg-1", "").size(), 2U);
  EXPECT_EQ(find_servers(picture, "pg-1", "d").size(), 1U);
  EXPECT_EQ(find_servers(picture, "pg-9", "").size(), 0U);
}

TEST(ServiceDiscovery, EveryServerIsATargetOfProbe) {
  WatchedCluster made = watched("c", {primary("a").at("0/1"), standby("b").down()});
  made.labels["environment"] = "test";
  const auto groups =
      nlohmann::json::parse(service_discovery_json(picture_of({made}), "exporter:9187"));
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0], nlohmann::json::parse(R"({
    "targets": ["exporter:9187"],
    "labels": {
      "__metrics_path__": "/probe", "__param_target": "a", "__param_cluster": "c",
      "instance": "a", "__meta_pg_cluster": "c", "__meta_pg_server": "a",
      "__meta_pg_role": "primary", "__meta_pg_address": "a:5432",
      "__meta_pg_label_environment": "test"}})"));
  EXPECT_EQ(groups[1]["labels"]["__meta_pg_role"], "unknown");
}

}  // namespace
}  // namespace pgrepl::pages
