#include "unit/config/load_fixture.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Cluster cluster_with(const std::string& discovery, const std::string& before = "") {
  const Config config =
      loaded({.yaml = before + "clusters:\n  - forget_after: 5m\n    discovery:\n" + discovery});
  return config.clusters.empty() ? Cluster{} : config.clusters.front();
}

std::string errors_with(const std::string& discovery) {
  return errors_of({.yaml = "clusters:\n  - discovery:\n" + discovery});
}

TEST(ReadDiscovery, ReadsDnsWithTheDefaultsOfServers) {
  const Cluster cluster = cluster_with(
      "      - dns: { name: tasks.replica, port: 5433, refresh: 5s, sslmode: verify-full }\n",
      "defaults: { user: monitor, password_file: /run/pw }\n"
  );
  EXPECT_EQ(cluster.forget_after, 5min);
  ASSERT_EQ(cluster.discovery.size(), 1U);
  const auto& dns = std::get<DnsDiscovery>(cluster.discovery[0]);
  EXPECT_EQ(dns.name, "tasks.replica");
  EXPECT_EQ(dns.refresh, 5s);
  EXPECT_EQ(dns.login.endpoint.port, 5433);
  EXPECT_EQ(dns.login.parameter("user"), "monitor");
  EXPECT_EQ(dns.login.parameter("sslmode"), "verify-full");
  EXPECT_EQ(dns.login.password_file, "/run/pw");
}

TEST(ReadDiscovery, ReadsPatroniWithItsOwnLogin) {
  const Cluster cluster = cluster_with(R"(
      - patroni:
          urls: ["http://pg1:8008", "https://[fd00::2]/base/"]
          user: monitor
          rest: { user: reader, password: secret, ca_file: /ca, cert_file: /crt, key_file: /key }
)");
  ASSERT_EQ(cluster.discovery.size(), 1U);
  const auto& patroni = std::get<PatroniDiscovery>(cluster.discovery[0]);
  EXPECT_THAT(
      patroni.urls,
      ElementsAre(
          Url{.tls = false, .host = "pg1", .port = 8008, .path = ""},
          Url{.tls = true, .host = "fd00::2", .port = 443, .path = "/base"}
      )
  );
  EXPECT_EQ(patroni.refresh, 10s);
  EXPECT_EQ(patroni.login.parameter("user"), "monitor");
  EXPECT_EQ(patroni.rest.user, "reader");
  EXPECT_EQ(patroni.rest.password, pg::Secret{"secret"});
  EXPECT_EQ(patroni.rest.ca_file, "/ca");
}

TEST(ReadDiscovery, ReplicationFollowsNobodyByDefault) {
  const Cluster cluster = cluster_with(
      "      - replication:\n      - replication: { allowed_networks: [10.0.0.0/8, '::1'] }\n"
  );
  ASSERT_EQ(cluster.discovery.size(), 2U);
  const auto& standard = std::get<ReplicationDiscovery>(cluster.discovery[0]);
  EXPECT_TRUE(standard.allowed_networks.empty());
  EXPECT_EQ(standard.refresh, 15s);
  EXPECT_EQ(std::get<ReplicationDiscovery>(cluster.discovery[1]).allowed_networks.size(), 2U);
}

TEST(ReadDiscovery, ServersThatVanishAreVisibleForAQuarterOfAnHour) {
  const Config config = loaded({.yaml = "clusters: [{servers: [{host: a}]}]"});
  EXPECT_EQ(config.clusters.at(0).forget_after, 15min);
}

TEST(ReadDiscovery, ReportsEveryMistakeWithItsPlace) {
  const std::string errors = errors_with(R"(
      - dns: { nam: tasks.replica, refresh: 10ms }
      - patroni: { urls: ["http://user:hidden@pg1:8008"], rest: { password: x } }
      - replication: { allowed_networks: [10.0.0.0/40], host: a }
      - consul: {}
      - dns: { name: a }
        replication: {}
      - {}
)");
  EXPECT_THAT(errors, HasSubstr("exporter.yaml:4:16: unknown key 'nam'; did you mean 'name'?"));
  EXPECT_THAT(errors, HasSubstr("exporter.yaml:4:45: refresh: must be from 1s to 24h"));
  EXPECT_THAT(errors, HasSubstr("name: is missing"));
  EXPECT_THAT(errors, HasSubstr("urls: expected http://host:port or https://host:port"));
  EXPECT_THAT(errors, ::testing::Not(HasSubstr("hidden")));
  EXPECT_THAT(errors, HasSubstr("user: is missing; a password needs one"));
  EXPECT_THAT(errors, HasSubstr("allowed_networks: '10.0.0.0/40' is no network"));
  EXPECT_THAT(errors, HasSubstr("host: cannot be given"));
  EXPECT_THAT(errors, HasSubstr("unknown key 'consul'"));
  EXPECT_THAT(errors, HasSubstr("exporter.yaml:8:9: discovery: an entry is one of dns, patroni"));
  EXPECT_THAT(errors, HasSubstr("exporter.yaml:10:9: discovery: an entry is one of dns, patroni"));
}

TEST(ReadEndpoints, ReadsWhatApplicationsUse) {
  const Config config = loaded({.yaml = R"(
defaults: { user: monitor }
clusters:
  - servers: [{ host: a }]
    endpoints:
      - { name: write, host: 192.0.2.10 }
      - { host: haproxy, port: 5001, expect: standby }
)"});
  const auto& endpoints = config.clusters.at(0).endpoints;
  ASSERT_EQ(endpoints.size(), 2U);
  EXPECT_EQ(endpoints[0].name, "write");
  EXPECT_EQ(endpoints[0].expect, Expect::Primary);
  EXPECT_EQ(endpoints[0].conninfo.parameter("user"), "monitor");
  EXPECT_EQ(endpoints[1].name, "haproxy:5001");
  EXPECT_EQ(endpoints[1].expect, Expect::Standby);
}

TEST(ReadEndpoints, ReportsMistakes) {
  const std::string errors = errors_of({.yaml = R"(
clusters:
  - servers: [{ host: a }]
    endpoints:
      - { name: write, host: a, expect: leader }
      - { name: write, host: b }
      - { name: read }
)"});
  EXPECT_THAT(errors, HasSubstr("exporter.yaml:5:41: expect: expected primary, standby or any"));
  EXPECT_THAT(errors, HasSubstr("exporter.yaml:6:9: name: two endpoints are called 'write'"));
  EXPECT_THAT(errors, HasSubstr("host: is missing"));
}

TEST(ParseUrl, RefusesWhatIsNoAddressOfAnApi) {
  for (const char* text :
       {"",
        "pg1:8008",
        "ftp://pg1",
        "http://",
        "http://pg1:0",
        "http://pg1:99999",
        "http://:80",
        "http://u:p@pg1",
        "http://pg1/?a=b",
        "http://pg1 :80"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

}  // namespace
}  // namespace pgrepl::config
