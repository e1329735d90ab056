#include "cluster/topology.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using testing::primary;
using testing::sender;
using testing::standby;

using Samples = std::vector<ServerSample>;

TEST(MatchSenders, SlotTiesAStandbyToItsUpstream) {
  const Samples samples{
      primary("pg-1").sends(sender().slot("b")).sends(sender().slot("a")),
      standby("pg-2").receives_from("10.0.0.1", "a"),
      standby("pg-3").receives_from("10.0.0.1", "b"),
  };
  auto rows = samples;
  for (auto& row : rows[0].tick->reading.senders) {
    row.replay = testing::lsn("0/1");
  }
  const auto matches = match_senders(rows, Memory{});
  ASSERT_TRUE(matches[1] && matches[2]);
  EXPECT_EQ(matches[1]->sender, 1U);
  EXPECT_EQ(matches[2]->sender, 0U);
  EXPECT_EQ(matches[1]->evidence, Evidence::Slot);
  EXPECT_FALSE(matches[0]);
}

TEST(MatchSenders, EqualNamesBehindOneAddressAreToldApartByPosition) {
  const Samples samples{
      primary("pg-1")
          .sends(sender().from("10.0.0.9").replayed("0/2000"))
          .sends(sender().from("10.0.0.9").replayed("0/5000")),
      standby("pg-2").address("10.0.0.9").receives_from("pg-1").replayed("0/5000"),
      standby("pg-3").address("10.0.0.9").receives_from("pg-1").replayed("0/2000"),
  };
  const auto matches = match_senders(samples, Memory{});
  ASSERT_TRUE(matches[1] && matches[2]);
  EXPECT_EQ(matches[1]->sender, 1U);
  EXPECT_EQ(matches[2]->sender, 0U);
}

TEST(MatchSenders, ClusterNameIsTheApplicationNameWhereNoneIsGiven) {
  const Samples samples{
      primary("pg-1").sends(sender("beta").replayed("0/1")).sends(sender("alpha").replayed("0/1")),
      standby("pg-2").cluster_name("alpha").receives_from("vip").replayed("0/1"),
      standby("pg-3").cluster_name("beta").receives_from("vip").replayed("0/1"),
  };
  const auto matches = match_senders(samples, Memory{});
  ASSERT_TRUE(matches[1] && matches[2]);
  EXPECT_EQ(matches[1]->sender, 1U);
  EXPECT_EQ(matches[1]->evidence, Evidence::ApplicationName);
}

TEST(MatchSenders, CascadingStandbyBelongsToItsStandby) {
  const Samples samples{
      primary("pg-1").sends(sender("pg-2").replayed("0/9")),
      standby("pg-2")
          .receives_from("pg-1", std::nullopt, "pg-2")
          .replayed("0/9")
          .sends(sender("pg-3").replayed("0/8")),
      standby("pg-3").receives_from("pg-2", std::nullopt, "pg-3").replayed("0/8"),
  };
  const auto matches = match_senders(samples, Memory{});
  ASSERT_TRUE(matches[1] && matches[2]);
  EXPECT_EQ(matches[1]->upstream, 0U);
  EXPECT_EQ(matches[2]->upstream, 1U);
  EXPECT_EQ(matches[2]->evidence, Evidence::Sender);
}

TEST(MatchSenders, ConsumersThatAreNoStandbysFeedNone) {
  EXPECT_FALSE(feeds_a_standby(sender("debezium").slot("d", "logical").replayed("0/9")));
  EXPECT_FALSE(feeds_a_standby(sender("pg_basebackup").state("backup").replayed("0/9")));
  EXPECT_FALSE(feeds_a_standby(sender("pg_receivewal")));
  EXPECT_TRUE(feeds_a_standby(sender().replayed("0/9")));
}

TEST(MatchSenders, ServersOfOtherClustersAreNotRelated) {
  const Samples samples{
      primary("pg-1").sends(sender().slot("a").replayed("0/1")),
      standby("pg-2").receives_from("pg-1", "a").replayed("0/1").system_identifier(99),
  };
  EXPECT_FALSE(match_senders(samples, Memory{})[1]);
}

TEST(MatchSenders, UnreachableStandbyKeepsTheRowRememberedOfIt) {
  Memory memory;
  memory.servers["pg-2"].upstream = Upstream{
      .server = "pg-1", .application_name = "walreceiver", .slot_name = "a", .evidence = {}};
  const Samples samples{
      primary("pg-1").sends(sender().slot("a").replayed("0/1")),
      standby("pg-2").down(),
  };
  const auto match = match_senders(samples, memory)[1];
  ASSERT_TRUE(match);
  EXPECT_EQ(match->evidence, Evidence::Remembered);
}

TEST(NamedUpstream, IsFoundByHostAndPort) {
  const Samples samples{primary("pg-1"), standby("pg-2").receives_from("pg-1")};
  EXPECT_EQ(named_upstream(samples, 1), 0U);
  EXPECT_EQ(named_upstream(samples, 0), std::nullopt);
}

}  // namespace
}  // namespace pgrepl::cluster
