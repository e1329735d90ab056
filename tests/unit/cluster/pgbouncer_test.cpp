#include "cluster/pgbouncer.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using Cells = std::vector<std::string>;

pg::ResultSet table(Cells columns, const std::vector<Cells>& rows) {
  pg::ResultSet made{std::move(columns)};
  for (const Cells& row : rows) {
    for (const std::string& cell : row) {
      made.append(cell.empty() ? std::nullopt : std::optional<std::string_view>{cell});
    }
  }
  return made;
}

ServerSample at(std::string name, std::string host, std::vector<std::string> addresses = {}) {
  ServerSample sample{.name = std::move(name)};
  sample.endpoint = {.host = std::move(host), .port = 5432};
  sample.addresses = std::move(addresses);
  return sample;
}

PgBouncerReading reading(const std::vector<Cells>& databases, const std::vector<Cells>& servers) {
  PgBouncerReading made;
  made.databases = table({"name", "host", "port"}, databases);
  made.servers = table({"database", "addr", "port"}, servers);
  return made;
}

std::vector<PgBouncerRoute> routes(
    const PgBouncerReading& reading, const std::optional<std::string>& primary = "pg-1"
) {
  const std::vector<ServerSample> samples{
      at("pg-1", "one.example", {"10.0.0.1"}), at("pg-2", "two")};
  const std::vector<PgBouncerProbe> probes{
      {.name = "b", .reading = reading, .failure = std::nullopt}};
  return describe_pgbouncers(probes, samples, primary).at(0).routes;
}

TEST(DescribePgBouncers, ADatabaseLeadsWhereItIsConfiguredFor) {
  const auto found = routes(reading({{"app", "one.example", "5432"}}, {}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(
      found[0], (PgBouncerRoute{"app", {"pg-1"}, true, "is configured for one.example:5432"})
  );
}

TEST(DescribePgBouncers, OpenConnectionsCountBeforeTheConfiguration) {
  const auto found =
      routes(reading({{"app", "two", "5432"}}, {{"app", "10.0.0.1", "5432"}, {"b", "two", "5432"}})
      );
  EXPECT_EQ(found[0], (PgBouncerRoute{"app", {"pg-1"}, true, "is connected to 10.0.0.1:5432"}));
}

TEST(DescribePgBouncers, OneConnectionToAStandbyIsOneTooMany) {
  const auto found = routes(reading(
      {{"app", "one.example", "5432"}},
      {{"app", "10.0.0.1", "5432"}, {"app", "two", "5432"}, {"app", "two", "5432"}}
  ));
  EXPECT_EQ(found[0].servers, (std::vector<std::string>{"pg-1", "pg-2"}));
  EXPECT_EQ(found[0].leads_to_primary, false);
}

TEST(DescribePgBouncers, AnUnknownAddressLeavesItOpen) {
  const auto found = routes(reading({{"app", "192.0.2.1", "5432"}, {"b", "two", "5433"}}, {}));
  EXPECT_EQ(
      found[0], (PgBouncerRoute{"app", {}, std::nullopt, "is configured for 192.0.2.1:5432"})
  );
  EXPECT_EQ(found[1].leads_to_primary, std::nullopt);
}

TEST(DescribePgBouncers, SeveralHostsAreEachLookedUp) {
  const auto found = routes(reading({{"app", "one.example,two", "5432"}}, {}));
  EXPECT_EQ(found[0].servers, (std::vector<std::string>{"pg-1", "pg-2"}));
}

TEST(DescribePgBouncers, ADatabaseWithoutAHostLeadsNowhereKnown) {
  const auto found = routes(reading({{"app", "", "5432"}}, {}));
  EXPECT_EQ(found[0], (PgBouncerRoute{"app", {}, std::nullopt, "is configured for"}));
}

// Case 31: 127.0.0.1 of a pooler is its own host.
PgBouncerRoute route_of_pooler_at(
    const std::string& host,
    const std::string& target,
    const std::vector<EndpointStatus>& endpoints = {}
) {
  const std::vector<ServerSample> samples{at("pg-1", "127.0.0.1"), at("pg-2", "10.0.0.2")};
  const std::vector<PgBouncerProbe> probes{
      {.name = "b",
       .endpoint = {.host = host, .port = 6432},
       .reading = reading({{"app", target, "5432"}}, {}),
       .failure = std::nullopt}};
  return describe_pgbouncers(probes, samples, "pg-1", endpoints).at(0).routes.at(0);
}

TEST(DescribePgBouncers, LoopbackOfARemotePoolerIsItsOwnHost) {
  for (const char* loopback : {"127.0.0.1", "localhost", "::1", "127.0.1.1"}) {
    const auto here = route_of_pooler_at("127.0.0.1", loopback);
    EXPECT_EQ(here.servers, std::vector<std::string>{"pg-1"}) << loopback;
    EXPECT_EQ(here.leads_to_primary, true);
    const auto there = route_of_pooler_at("10.0.0.2", loopback);
    EXPECT_EQ(there.servers, std::vector<std::string>{"pg-2"}) << "beside the pooler";
    EXPECT_EQ(there.leads_to_primary, false);
    const auto elsewhere = route_of_pooler_at("10.0.0.9", loopback);
    EXPECT_TRUE(elsewhere.servers.empty()) << "the same port here is chance";
    EXPECT_EQ(elsewhere.leads_to_primary, std::nullopt);
    EXPECT_TRUE(route_of_pooler_at("", loopback).servers.empty()) << "host not known";
  }
}

TEST(DescribePgBouncers, EndpointThroughThePoolerHasTheLastWord) {
  EndpointStatus through;
  through.probe.name = "write";
  through.probe.target = {.host = "10.0.0.9", .port = 6432};
  through.probe.database = "app";
  through.probe.reading = EndpointReading{};
  through.server = "pg-1";
  const auto route = route_of_pooler_at("10.0.0.9", "127.0.0.1", {through});
  EXPECT_EQ(route.servers, std::vector<std::string>{"pg-1"});
  EXPECT_EQ(route.leads_to_primary, true);
  EXPECT_NE(route.evidence.find("endpoint write leads to pg-1"), std::string::npos);
  // Of another database, and one that does not answer, it says nothing.
  through.probe.database = "other";
  EXPECT_TRUE(route_of_pooler_at("10.0.0.9", "127.0.0.1", {through}).servers.empty());
  through.probe.database = "app";
  through.probe.reading.reset();
  EXPECT_TRUE(route_of_pooler_at("10.0.0.9", "127.0.0.1", {through}).servers.empty());
}

TEST(DescribePgBouncers, WithoutAPrimaryNothingLeadsToIt) {
  const auto found = routes(reading({{"app", "two", "5432"}}, {}), std::nullopt);
  EXPECT_EQ(found[0].leads_to_primary, false);
}

TEST(DescribePgBouncers, TheConsoleIsNoDatabase) {
  EXPECT_TRUE(routes(reading({{"pgbouncer", "", "6432"}}, {})).empty());
}

TEST(DescribePgBouncers, SilentOneHasNoRoutes) {
  const std::vector<PgBouncerProbe> probes{
      {.name = "b",
       .reading = std::nullopt,
       .failure = Failure{pg::FailureReason::Timeout, "late"}}};
  const auto found = describe_pgbouncers(probes, {}, std::nullopt);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].routes.empty());
}

}  // namespace
}  // namespace pgrepl::cluster
