#include "discovery/replication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::discovery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::ReplicationDiscovery allowing(std::initializer_list<const char*> networks) {
  config::ReplicationDiscovery configured;
  configured.login.endpoint.port = 5433;
  for (const char* network : networks) {
    configured.allowed_networks.push_back(pg::Network::parse(network).value());
  }
  return configured;
}

const std::vector<Sighting> kPrimary{
    {.server = "pg-1", .standby_addresses = {"10.1.2.3", "192.0.2.9", "10.1.2.3"}}};

TEST(FollowSenders, NobodyIsFollowedUnlessItsNetworkIsAllowed) {
  const Followed followed = follow_senders(allowing({}), kPrimary);
  EXPECT_THAT(followed.servers, IsEmpty());
  EXPECT_THAT(followed.refused, ElementsAre("10.1.2.3", "192.0.2.9"));
}

TEST(FollowSenders, AnAllowedAddressIsOneServerAtTheConfiguredPort) {
  const Followed followed = follow_senders(allowing({"10.0.0.0/8"}), kPrimary);
  ASSERT_EQ(followed.servers.size(), 1U);
  EXPECT_EQ(followed.servers[0].name, "10.1.2.3:5433");
  EXPECT_EQ(followed.servers[0].conninfo.endpoint, (pg::Endpoint{"10.1.2.3", 5433}));
  EXPECT_THAT(followed.refused, ElementsAre("192.0.2.9"));
}

TEST(FollowSenders, StandbyOfTwoPrimariesIsOneServer) {
  const std::vector<Sighting> two{
      {.server = "pg-1", .standby_addresses = {"10.0.0.2", "10.0.0.1"}},
      {.server = "pg-2", .standby_addresses = {"10.0.0.1", "fd00::1"}}};
  const Followed followed = follow_senders(allowing({"10.0.0.0/8", "fd00::/8"}), two);
  std::vector<std::string> names;
  for (const config::Server& server : followed.servers) {
    names.push_back(server.name);
  }
  EXPECT_THAT(names, ElementsAre("10.0.0.1:5433", "10.0.0.2:5433", "[fd00::1]:5433"));
  EXPECT_THAT(followed.refused, IsEmpty());
}

TEST(FollowSenders, WithoutSightingsNobodyIsFollowed) {
  EXPECT_THAT(follow_senders(allowing({"0.0.0.0/0"}), {}).servers, IsEmpty());
  const std::vector<Sighting> alone{{.server = "pg-1"}};
  EXPECT_THAT(follow_senders(allowing({"0.0.0.0/0"}), alone).servers, IsEmpty());
}

// What a server calls an address need not be one.
TEST(FollowSenders, WhatIsNoAddressIsNeverAllowed) {
  const std::vector<Sighting> odd{
      {.server = "pg-1", .standby_addresses = {"localhost", "", "/tmp", "10.0.0.1,10.0.0.2"}}};
  const Followed followed = follow_senders(allowing({"0.0.0.0/0", "::/0"}), odd);
  EXPECT_THAT(followed.servers, IsEmpty());
  EXPECT_EQ(followed.refused.size(), 4U);
}

}  // namespace
}  // namespace pgrepl::discovery
