// Servers that are found: by a real name server, by the WAL senders of real servers.
#include "support/dns_server.h"
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/tcp_gate.h"
#include "support/wait_until.h"

#include <chrono>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++times;
  }
  return times;
}

Labels server(const std::string& name) {
  return {{"cluster", "default"}, {"server", name}};
}

class Discovery : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  [[nodiscard]] std::string primary_entry() const {
    return "servers: [{ name: pg-1, host: 127.0.0.1, port: " + std::to_string(primary.port()) +
           " }]";
  }

  // The arguments for a configuration of one cluster.
  [[nodiscard]] std::vector<std::string> configured(const std::string& cluster_keys) const {
    const auto file = folder.path() / "exporter.yaml";
    std::ofstream{file} << "defaults: { user: monitor, dbname: postgres }\nclusters:\n"
                        << "  - { " << cluster_keys << " }\n";
    return {"--config.file=" + file.string()};
  }

  // A server of the local network may log in, not only one of this host.
  void trust_network() const {
    std::ofstream{primary.data_directory() / "pg_hba.conf", std::ios::app}
        << "host all monitor 127.0.0.0/8 trust\nhost replication replicator 127.0.0.0/8 trust\n";
    (void)primary.execute("SELECT pg_reload_conf()");
  }

  static bool has_anomaly(const Exporter& exporter, const std::string& anomaly) {
    return exporter.value("pg_cluster_anomaly", {{"anomaly", anomaly}}) == 1;
  }

  TemporaryDirectory folder{};
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
};

// Two standbys on one port of two addresses, behind one name.
class DnsDiscovery : public Discovery {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "a name server of our own needs root";
    }
    Discovery::SetUp();
    names.set(kName, {"127.0.0.2"});
  }

  [[nodiscard]] std::string at(const std::string& address) const {
    return address + ":" + std::to_string(port.number());
  }

  [[nodiscard]] ExporterOptions options(const std::string& more = "") const {
    return {
        .arguments = configured(
            primary_entry() +
            ", forget_after: 3s, lag_thresholds: { warning: 30s }, discovery: [{ dns: { name: " +
            kName + ", refresh: 1s, port: " + std::to_string(port.number()) + more + " } }]"
        ),
        .launcher = names.launcher()};
  }

  static void expect_streaming(const Exporter& exporter, const std::string& name) {
    Labels labels = server(name);
    labels["state"] = "streaming";
    EXPECT_TRUE(wait_until([&] { return exporter.value("pg_standby_state", labels) == 1; }))
        << name;
  }

  static constexpr const char* kName = "tasks.replica.test";
  ReservedPort port{};
  PgServer& first = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
  PgServer& second = cluster.add_standby({.name = "pg-3", .slot = "pg_3"});
  TcpGate to_first{first.port(), {.listen = "127.0.0.2", .port = port.number()}};
  TcpGate to_second{second.port(), {.listen = "127.0.0.3", .port = port.number()}};
  DnsServer names{};
};

TEST_F(DnsDiscovery, ServersJoinAndLeaveWithTheirAddresses) {
  Exporter exporter{options()};
  expect_streaming(exporter, at("127.0.0.2"));
  EXPECT_EQ(exporter.value("pg_cluster_servers"), 2);
  EXPECT_EQ(exporter.value("pg_standby_lag_threshold_seconds", server(at("127.0.0.2"))), 30);
  names.set(kName, {"127.0.0.2", "127.0.0.3"});
  expect_streaming(exporter, at("127.0.0.3"));
  EXPECT_EQ(exporter.value("pg_cluster_servers"), 3);
  EXPECT_EQ(exporter.value("pg_cluster_primaries"), 1);

  first.stop(Shutdown::Immediate);
  names.set(kName, {"127.0.0.3"});
  const auto is_down = [&] { return exporter.value("pg_up", server(at("127.0.0.2"))) == 0; };
  EXPECT_TRUE(wait_until(is_down));
  EXPECT_TRUE(wait_until([&] { return exporter.value("pg_cluster_servers") == 2; }));
  EXPECT_FALSE(exporter.value("pg_up", server(at("127.0.0.2"))));
  EXPECT_EQ(exporter.value("pg_up", server(at("127.0.0.3"))), 1);
  EXPECT_EQ(exporter.stop(), 0);
}

TEST_F(DnsDiscovery, AFailingNameServerLosesNobodyAndIsAnAnomaly) {
  names.set(kName, {"127.0.0.2", "127.0.0.3"});
  Exporter exporter{options()};
  expect_streaming(exporter, at("127.0.0.2"));
  expect_streaming(exporter, at("127.0.0.3"));
  EXPECT_FALSE(has_anomaly(exporter, "discovery_failed"));
  names.fail();
  EXPECT_TRUE(wait_until([&] { return has_anomaly(exporter, "discovery_failed"); }));
  // For longer than forget_after: what is not known to be gone is not forgotten.
  const auto failing_since = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait_until([&] {
    EXPECT_EQ(exporter.value("pg_cluster_servers"), 3);
    return std::chrono::steady_clock::now() - failing_since > 5s;
  }));
  EXPECT_EQ(exporter.value("pg_up", server(at("127.0.0.2"))), 1);
  EXPECT_EQ(count(exporter.output(), "discovery_failed: dns tasks.replica.test: cannot be"), 1U)
      << exporter.output();
  names.set(kName, {"127.0.0.2", "127.0.0.3"});
  EXPECT_TRUE(wait_until([&] { return !has_anomaly(exporter, "discovery_failed"); }));
  EXPECT_EQ(exporter.value("pg_cluster_servers"), 3);
}

TEST_F(DnsDiscovery, AnAddressOfAConfiguredServerIsNoSecondServer) {
  TcpGate to_primary{primary.port(), {.listen = "127.0.0.4", .port = port.number()}};
  names.set(kName, {"127.0.0.2", "127.0.0.4"});
  Exporter exporter{options()};
  EXPECT_TRUE(wait_until([&] {
    const auto page = exporter.scrape();
    EXPECT_LE(find_value(page, "pg_cluster_primaries"), 1);
    EXPECT_FALSE(find_value(page, "pg_up", server(at("127.0.0.4"))));
    return exporter.output().find("no longer watches a server") != std::string::npos;
  })) << exporter.output();
  expect_streaming(exporter, at("127.0.0.2"));
  EXPECT_EQ(exporter.value("pg_cluster_servers"), 2);
  EXPECT_TRUE(wait_until([&] { return to_primary.connections() == 0; }));
}

TEST_F(DnsDiscovery, NoConnectionIsMadeOutsideOfTheAllowedNetworks) {
  names.set(kName, {"127.0.0.2", "127.0.0.3"});
  Exporter exporter{options(", allowed_networks: [127.0.0.3/32]")};
  expect_streaming(exporter, at("127.0.0.3"));
  EXPECT_TRUE(wait_until([&] { return exporter.value("pg_up", server(at("127.0.0.2"))) == 0; }));
  EXPECT_NE(exporter.output().find("list its network in allowed_networks"), std::string::npos)
      << exporter.output();
  EXPECT_EQ(to_first.connections(), 0U);
}

class ReplicationDiscovery : public Discovery {
 protected:
  void SetUp() override {
    Discovery::SetUp();
    trust_network();
    standby = &cluster.add_standby(
        {.name = "pg-2", .upstream_port = gate.port(), .settings = {"listen_addresses = '*'"}}
    );
  }

  [[nodiscard]] ExporterOptions options(const std::string& networks) const {
    return {
        .arguments = configured(
            primary_entry() + ", discovery: [{ replication: { refresh: 1s, port: " +
            std::to_string(standby->port()) + ", allowed_networks: [" + networks + "] } }]"
        )};
  }

  [[nodiscard]] std::string name() const { return "127.0.0.5:" + std::to_string(standby->port()); }

  TcpGate gate{primary.port(), {.source = "127.0.0.5"}};
  PgServer* standby = nullptr;
};

TEST_F(ReplicationDiscovery, AStandbyInAnAllowedNetworkIsFoundAndStaysWithoutItsUpstream) {
  Exporter exporter{options("127.0.0.0/8")};
  EXPECT_TRUE(wait_until([&] { return exporter.value("pg_up", server(name())) == 1; }));
  EXPECT_TRUE(wait_until([&] { return !has_anomaly(exporter, "unknown_standby"); }));
  EXPECT_EQ(exporter.value("pg_cluster_servers"), 2);
  gate.refuse();
  Labels disconnected = server(name());
  disconnected["state"] = "disconnected";
  EXPECT_TRUE(wait_until([&] { return exporter.value("pg_standby_state", disconnected) == 1; }));
}

TEST_F(ReplicationDiscovery, NobodyIsFollowedOutsideOfTheAllowedNetworks) {
  Exporter exporter{options("10.0.0.0/8")};
  EXPECT_TRUE(wait_until([&] {
    return exporter.output().find("a standby is not followed") != std::string::npos;
  }));
  const double ticked =
      exporter.value("pg_exporter_last_tick_timestamp_seconds", server("pg-1")).value_or(0);
  EXPECT_TRUE(wait_until([&] {
    return exporter.value("pg_exporter_last_tick_timestamp_seconds", server("pg-1")) > ticked + 3;
  }));
  EXPECT_EQ(exporter.value("pg_cluster_servers"), 1);
  EXPECT_EQ(count(exporter.output(), "a standby is not followed"), 1U) << exporter.output();
  EXPECT_EQ(
      standby->query_value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'monitor'"), "0"
  );
}

TEST_F(Discovery, AHangingSourceDelaysNeitherThePageNorTheStop) {
  TcpGate gate{primary.port()};
  gate.drop();
  Exporter exporter{
      {.arguments = configured(
           primary_entry() + ", discovery: [{ patroni: { urls: ['http://127.0.0.1:" +
           std::to_string(gate.port()) + "'] } }]"
       )}};
  EXPECT_EQ(exporter.value("pg_up", server("pg-1")), 1);
  EXPECT_TRUE(wait_until([&] { return has_anomaly(exporter, "discovery_failed"); }));
  EXPECT_NE(exporter.output().find("no answer in time"), std::string::npos) << exporter.output();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(exporter.stop(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

}  // namespace
}  // namespace pgrepl::testing
