// Addresses that applications use, before real servers.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/tcp_gate.h"
#include "support/wait_until.h"

#include <fstream>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

class Endpoints : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  [[nodiscard]] static std::string at(std::uint16_t port) {
    return "host: 127.0.0.1, port: " + std::to_string(port);
  }

  [[nodiscard]] ExporterOptions options() const {
    const auto file = folder.path() / "exporter.yaml";
    std::ofstream{file}
        << "defaults: { user: monitor, dbname: postgres }\nclusters:\n  - servers:\n"
        << "      - { name: pg-1, " << at(primary.port()) << " }\n"
        << "      - { name: pg-2, " << at(standby.port()) << " }\n"
        << "    endpoints:\n"
        << "      - { name: write, " << at(write.port()) << " }\n"
        << "      - { name: read, " << at(read.port()) << ", expect: standby }\n"
        << "      - { name: wrong, " << at(read.port()) << " }\n";
    return {.arguments = {"--config.file=" + file.string()}};
  }

  static std::optional<double> value(
      const Exporter& exporter, const std::string& what, const std::string& endpoint
  ) {
    return exporter.value("pg_endpoint_" + what, {{"endpoint", endpoint}});
  }

  static bool leads_to(
      const Exporter& exporter, const std::string& endpoint, const std::string& server
  ) {
    const Labels labels{{"endpoint", endpoint}, {"server", server}};
    return exporter.value("pg_endpoint_server_info", labels) == 1;
  }

  TemporaryDirectory folder{};
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
  TcpGate write{primary.port()};
  TcpGate read{standby.port()};
};

TEST_F(Endpoints, SayWhereTheyLeadAndWhetherThatIsRight) {
  Exporter exporter{options()};
  EXPECT_TRUE(wait_until([&] { return leads_to(exporter, "write", "pg-1"); }));
  EXPECT_TRUE(wait_until([&] { return leads_to(exporter, "read", "pg-2"); }));
  EXPECT_TRUE(wait_until([&] { return leads_to(exporter, "wrong", "pg-2"); }));
  const auto page = exporter.scrape();
  EXPECT_EQ(find_value(page, "pg_endpoint_ok", {{"endpoint", "write"}, {"expect", "primary"}}), 1);
  EXPECT_EQ(find_value(page, "pg_endpoint_ok", {{"endpoint", "read"}, {"expect", "standby"}}), 1);
  EXPECT_EQ(find_value(page, "pg_endpoint_ok", {{"endpoint", "wrong"}, {"expect", "primary"}}), 0);
  EXPECT_EQ(find_value(page, "pg_endpoint_up", {{"endpoint", "wrong"}}), 1);
  EXPECT_GT(find_value(page, "pg_endpoint_duration_seconds", {{"endpoint", "write"}}), 0);
}

TEST_F(Endpoints, FollowAPromotion) {
  Exporter exporter{options()};
  EXPECT_TRUE(wait_until([&] { return value(exporter, "ok", "write") == 1; }));
  primary.stop(Shutdown::Immediate);
  EXPECT_TRUE(wait_until([&] { return value(exporter, "up", "write") == 0; }));
  EXPECT_EQ(value(exporter, "ok", "write"), 0);
  EXPECT_FALSE(leads_to(exporter, "write", "pg-1"));
  EXPECT_FALSE(value(exporter, "duration_seconds", "write"));
  standby.promote();
  EXPECT_TRUE(wait_until([&] { return value(exporter, "ok", "wrong") == 1; }));
  EXPECT_TRUE(wait_until([&] { return value(exporter, "ok", "read") == 0; }));
}

TEST_F(Endpoints, APrimaryThatTakesNoWritesIsNotOk) {
  Exporter exporter{options()};
  EXPECT_TRUE(wait_until([&] { return value(exporter, "ok", "write") == 1; }));
  primary.configure({"default_transaction_read_only = on"});
  EXPECT_TRUE(wait_until([&] { return value(exporter, "ok", "write") == 0; }));
  EXPECT_EQ(value(exporter, "up", "write"), 1);
}

TEST_F(Endpoints, OneThatHangsIsDownWhileTheOthersGoOn) {
  Exporter exporter{options()};
  EXPECT_TRUE(wait_until([&] { return value(exporter, "up", "write") == 1; }));
  write.drop();
  EXPECT_TRUE(wait_until([&] { return value(exporter, "up", "write") == 0; }));
  EXPECT_EQ(value(exporter, "ok", "read"), 1);
  write.pass();
  EXPECT_TRUE(wait_until([&] { return value(exporter, "ok", "write") == 1; }));
  EXPECT_EQ(exporter.stop(), 0);
}

}  // namespace
}  // namespace pgrepl::testing
