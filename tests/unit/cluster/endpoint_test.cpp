#include "cluster/endpoint.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

constexpr ServerTime kStarted = 1'700'000'000.25;
constexpr pg::SystemIdentifier kBirth{7};

ServerSample known(std::string name, Role role, ServerTime started) {
  ServerSample sample{.name = std::move(name)};
  sample.tick = Tick{};
  sample.tick->reading.role = role;
  sample.tick->reading.postmaster_start_time = started;
  sample.facts = ServerFacts{};
  sample.facts->system_identifier = kBirth;
  return sample;
}

EndpointProbe leads_to(Role role, ServerTime started, Role expect = Role::Primary) {
  EndpointProbe probe{.name = "write", .expect = expect};
  probe.reading = EndpointReading{
      .role = role,
      .read_only = role == Role::Standby,
      .system_identifier = kBirth,
      .postmaster_start_time = started};
  return probe;
}

EndpointStatus describe(const EndpointProbe& probe) {
  const std::vector<ServerSample> servers{
      known("pg-1", Role::Primary, kStarted), known("pg-2", Role::Standby, kStarted + 1)};
  return describe_endpoints(std::vector{probe}, servers).at(0);
}

TEST(DescribeEndpoints, AWritablePrimaryIsWhatAWriteEndpointNeeds) {
  const auto status = describe(leads_to(Role::Primary, kStarted));
  EXPECT_TRUE(status.ok);
  EXPECT_EQ(status.server, "pg-1");
}

TEST(DescribeEndpoints, AStandbyBehindAWriteEndpointIsNotOk) {
  const auto status = describe(leads_to(Role::Standby, kStarted + 1));
  EXPECT_FALSE(status.ok);
  EXPECT_EQ(status.server, "pg-2");
}

TEST(DescribeEndpoints, APrimaryThatTakesNoWritesIsNotOk) {
  auto probe = leads_to(Role::Primary, kStarted);
  probe.reading->read_only = true;
  EXPECT_FALSE(describe(probe).ok);
}

TEST(DescribeEndpoints, AReadEndpointNeedsAStandby) {
  EXPECT_TRUE(describe(leads_to(Role::Standby, kStarted + 1, Role::Standby)).ok);
  EXPECT_FALSE(describe(leads_to(Role::Primary, kStarted, Role::Standby)).ok);
}

TEST(DescribeEndpoints, AnUnknownServerIsNotNamed) {
  const auto status = describe(leads_to(Role::Primary, kStarted + 5));
  EXPECT_TRUE(status.ok);
  EXPECT_EQ(status.server, std::nullopt);
}

TEST(DescribeEndpoints, AServerOfAnotherClusterIsNotOk) {
  auto probe = leads_to(Role::Primary, kStarted);
  probe.reading->system_identifier = pg::SystemIdentifier{8};
  EXPECT_FALSE(describe(probe).ok);
  EXPECT_EQ(describe(probe).server, std::nullopt);
}

TEST(DescribeEndpoints, OneThatFailedIsNotOk) {
  EndpointProbe probe{.name = "write"};
  probe.failure = Failure{};
  EXPECT_FALSE(describe(probe).ok);
  EXPECT_EQ(describe(probe).server, std::nullopt);
}

}  // namespace
}  // namespace pgrepl::cluster
