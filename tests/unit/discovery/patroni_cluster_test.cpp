#include "discovery/patroni_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::discovery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PatroniMember member(std::string name, std::string host, std::uint16_t port = 5432) {
  return {std::move(name), {std::move(host), port}};
}

PatroniCluster parsed(std::string_view text) {
  auto cluster = parse_patroni_cluster(text);
  EXPECT_TRUE(cluster) << (cluster ? "" : cluster.error());
  return cluster.value_or(PatroniCluster{});
}

TEST(PatroniClusterTest, Version2) {
  const auto cluster = parsed(R"({"members": [
    {"name": "pg1", "role": "leader", "state": "running", "api_url": "http://10.0.0.1:8008/patroni",
     "host": "10.0.0.1", "port": 5432, "timeline": 4},
    {"name": "pg2", "role": "sync_standby", "state": "running",
     "api_url": "http://10.0.0.2:8008/patroni", "host": "10.0.0.2", "port": 5433, "timeline": 4,
     "tags": {"nofailover": true, "clonefrom": true}, "lag": 0}]})");
  EXPECT_THAT(
      cluster.members, ElementsAre(member("pg1", "10.0.0.1"), member("pg2", "10.0.0.2", 5433))
  );
  EXPECT_FALSE(cluster.paused);
}

TEST(PatroniClusterTest, Version3WithAnUnknownLagWhilePaused) {
  const auto cluster = parsed(R"({"members": [
    {"name": "pg1", "role": "standby_leader", "state": "running",
     "api_url": "https://pg1:8008/patroni", "host": "pg1", "port": 5432, "timeline": 4},
    {"name": "pg2", "role": "replica", "state": "stopped", "api_url": "https://pg2:8008/patroni",
     "host": "fd00::2", "port": 5432, "lag": "unknown", "pending_restart": true,
     "scheduled_restart": {"schedule": "2026-01-01T00:00:00+00:00"}}],
    "pause": true, "scope": "orders",
    "scheduled_switchover": {"at": "2026-01-01T00:00:00+00:00", "from": "pg1"}})");
  EXPECT_THAT(cluster.members, ElementsAre(member("pg1", "pg1"), member("pg2", "fd00::2")));
  EXPECT_TRUE(cluster.paused);
}

TEST(PatroniClusterTest, Version4) {
  const auto cluster = parsed(R"({"members": [
    {"name": "pg1", "role": "leader", "state": "running", "api_url": "http://pg1:8008/patroni",
     "host": "pg1", "port": 5432, "timeline": 2, "lsn": "0/4000060"},
    {"name": "pg2", "role": "quorum_standby", "state": "streaming",
     "api_url": "http://pg2:8008/patroni", "host": "pg2", "port": 5432, "timeline": 2,
     "lsn": "0/4000060", "receive_lsn": "0/4000060", "receive_lag": 0, "replay_lsn": "0/4000060",
     "replay_lag": 0, "lag": 0},
    {"name": "pg3", "role": "replica", "state": "creating replica", "receive_lag": "unknown",
     "replay_lag": "unknown", "lag": "unknown", "host": "pg3", "port": 5432}],
    "scope": "orders", "pause": false})");
  EXPECT_THAT(
      cluster.members, ElementsAre(member("pg1", "pg1"), member("pg2", "pg2"), member("pg3", "pg3"))
  );
  EXPECT_FALSE(cluster.paused);
}

TEST(PatroniClusterTest, AMemberThatHasNoAddressYetIsNoServer) {
  EXPECT_THAT(
      parsed(R"({"members": [{"name": "pg3", "role": "replica", "state": "uninitialized"}]})")
          .members,
      IsEmpty()
  );
}

TEST(PatroniClusterTest, APortThatIsLeftOutIsPostgreSQLs) {
  EXPECT_THAT(
      parsed(R"({"members": [{"name": "pg1", "host": "a"}]})").members,
      ElementsAre(member("pg1", "a", 5432))
  );
}

TEST(PatroniClusterTest, RefusesWhatIsNotPatronis) {
  for (const char* text :
       {"",
        "<html>",
        "[]",
        "{}",
        R"({"members": {}})",
        R"({"members": [1]})",
        R"({"members": [{"host": "a"}]})",
        R"({"members": [{"name": "a", "host": "a", "port": 0}]})",
        R"({"members": [{"name": "a", "host": "a", "port": 65536}]})",
        R"({"members": [{"name": "a", "host": "a", "port": "5432"}]})"}) {
    EXPECT_FALSE(parse_patroni_cluster(text)) << text;
  }
  EXPECT_THAT(parse_patroni_cluster("{}").error(), HasSubstr("Patroni"));
}

std::string one(const std::string& name, const std::string& host) {
  return R"({"members": [{"name": ")" + name + R"(", "host": ")" + host + R"("}]})";
}

// Our login would go to whatever libpq takes for a host.
TEST(PatroniClusterTest, RefusesHostsThatAreNeitherNamesNorAddresses) {
  for (const char* host :
       {"/tmp/sockets", "@abstract", "a,b", "user@a", "a/b", "a b", "a\\n", "a\\u0000", "[::1]"}) {
    const auto cluster = parse_patroni_cluster(one("pg1", host));
    ASSERT_FALSE(cluster) << host;
    EXPECT_EQ(cluster.error(), "the host of member 'pg1' is neither a name nor an address");
  }
  for (const char* host : {"a", "tasks.pg_1", "10.0.0.1", "fd00::1"}) {
    EXPECT_TRUE(parse_patroni_cluster(one("pg1", host))) << host;
  }
}

TEST(PatroniClusterTest, RefusesNamesThatDoNotPrint) {
  for (const std::string name :
       {"a\\nb", "a\\tb", "a\\u001b[2Jb", "a\\u0000b", "a\\u009bb", "a\\u202eb", "a\\u2028b"}) {
    const auto cluster = parse_patroni_cluster(one(name, "h"));
    ASSERT_FALSE(cluster) << name;
    EXPECT_EQ(cluster.error(), "a member's name is too long, or has characters that do not print");
  }
  EXPECT_FALSE(parse_patroni_cluster(one(std::string(257, 'x'), "h")));
  EXPECT_FALSE(parse_patroni_cluster(one("\xFF", "h"))) << "that is no JSON";
  EXPECT_THAT(parsed(one("p\xC3\xA9", "h")).members, ElementsAre(member("p\xC3\xA9", "h")));
  EXPECT_TRUE(parse_patroni_cluster(one(std::string(256, 'x'), "h")));
}

TEST(PatroniClusterTest, TakesNothingOfOtherTypesForTrue) {
  for (const char* pause : {"1", "\"true\"", "null", "[true]"}) {
    EXPECT_FALSE(parsed(std::string{R"({"members": [], "pause": )"} + pause + "}").paused) << pause;
  }
  EXPECT_FALSE(parse_patroni_cluster(R"({"members": [{"name": 1, "host": "a"}]})"));
  EXPECT_THAT(parsed(R"({"members": [{"name": "a", "host": 1}]})").members, IsEmpty());
  EXPECT_FALSE(parse_patroni_cluster(R"({"members": [{"name": "a", "host": "a", "port": 1.5}]})"));
  EXPECT_FALSE(parse_patroni_cluster(R"({"members": [{"name": "a", "host": "a", "port": null}]})"));
  EXPECT_FALSE(parse_patroni_cluster(
      R"({"members": [{"name": "a", "host": "a", "port": 99999999999999999999}]})"
  ));
}

TEST(PatroniClusterTest, DeepTextsAreRefusedLikeOthers) {
  const std::string deep(100'000, '[');
  EXPECT_FALSE(parse_patroni_cluster(deep));
  EXPECT_FALSE(parse_patroni_cluster(R"({"members": )" + deep + std::string(100'000, ']') + "}"));
  EXPECT_FALSE(parse_patroni_cluster(R"({"a":)" + deep));
}

}  // namespace
}  // namespace pgrepl::discovery
