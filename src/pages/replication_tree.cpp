#include "pages/replication_tree.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace pgrepl::pages {

namespace {

class Planter {
 public:
  explicit Planter(const cluster::Cluster& cluster) : planted_(cluster.servers.size(), false) {
    std::map<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < cluster.servers.size(); ++i) {
      by_name.emplace(cluster.servers[i].sample.name, i);
    }
    for (const cluster::Server& server : cluster.servers) {
      const bool follows = server.standby && server.standby->upstream;
      const auto found = follows ? by_name.find(server.standby->upstream->server) : by_name.end();
      upstreams_.push_back(found == by_name.end() ? std::nullopt : std::optional{found->second});
    }
  }

  void plant(std::size_t server, std::vector<ReplicationTree>& forest) {
    if (!planted_[server]) {
      forest.push_back(grow(server));
    }
  }

  [[nodiscard]] bool has_upstream(std::size_t server) const {
    return upstreams_[server].has_value();
  }

 private:
  ReplicationTree grow(std::size_t server) {
    planted_[server] = true;
    ReplicationTree tree{.server = server, .standbys = {}};
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
      if (upstreams_[i] == server) {
        plant(i, tree.standbys);
      }
    }
    return tree;
  }

  std::vector<std::optional<std::size_t>> upstreams_;
  std::vector<bool> planted_;
};

}  // namespace

std::vector<ReplicationTree> replication_trees(const cluster::Cluster& cluster) {
  Planter planter{cluster};
  std::vector<ReplicationTree> forest;
  if (cluster.primary) {
    planter.plant(*cluster.primary, forest);
  }
  for (std::size_t i = 0; i < cluster.servers.size(); ++i) {
    if (!planter.has_upstream(i)) {
      planter.plant(i, forest);
    }
  }
  for (std::size_t i = 0; i < cluster.servers.size(); ++i) {
    planter.plant(i, forest);
  }
  return forest;
}

}  // namespace pgrepl::pages
