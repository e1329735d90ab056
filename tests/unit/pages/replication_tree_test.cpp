#include "pages/replication_tree.h"

#include "unit/pages/picture_fixture.h"

#include <gtest/gtest.h>

namespace pgrepl::pages {
namespace {

// Servers named by their upstream: {"a", ""}, {"b", "a"}.
cluster::Cluster cluster_of(const std::vector<std::pair<std::string, std::string>>& servers) {
  cluster::Cluster made;
  for (const auto& [name, upstream] : servers) {
    cluster::Server server;
    server.sample.name = name;
    if (!upstream.empty()) {
      server.standby.emplace();
      server.standby->upstream = cluster::Upstream{.server = upstream, .application_name = name};
    }
    made.servers.push_back(std::move(server));
  }
  return made;
}

using Forest = std::vector<ReplicationTree>;

TEST(ReplicationTrees, CascadeHangsBelowItsUpstream) {
  auto made = cluster_of({{"a", "p"}, {"p", ""}, {"b", "a"}});
  made.primary = 1;
  EXPECT_EQ(replication_trees(made), (Forest{{1, {{0, {{2, {}}}}}}}));
}

TEST(ReplicationTrees, PrimaryComesFirstAndStrangersAfterIt) {
  auto made = cluster_of({{"stray", ""}, {"p", ""}, {"a", "p"}});
  made.primary = 1;
  EXPECT_EQ(replication_trees(made), (Forest{{1, {{2, {}}}}, {0, {}}}));
}

TEST(ReplicationTrees, UnknownUpstreamIsARoot) {
  EXPECT_EQ(replication_trees(cluster_of({{"a", "elsewhere"}})), (Forest{{0, {}}}));
}

TEST(ReplicationTrees, CircleIsCutAndEveryServerStandsOnce) {
  const auto made = cluster_of({{"a", "b"}, {"b", "a"}, {"self", "self"}});
  EXPECT_EQ(replication_trees(made), (Forest{{0, {{1, {}}}}, {2, {}}}));
}

}  // namespace
}  // namespace pgrepl::pages
