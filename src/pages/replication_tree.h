// Who replicates from whom, as a forest to be drawn.
#pragma once

#include "cluster/cluster.h"

#include <cstddef>
#include <vector>

namespace pgrepl::pages {

struct ReplicationTree {
  std::size_t server;  // index in the cluster
  std::vector<ReplicationTree> standbys;

  friend bool operator==(const ReplicationTree&, const ReplicationTree&) = default;
};

// Every server exactly once, below its upstream where that is known. The primary's tree comes
// first; servers that name each other as upstream in a circle are cut open.
[[nodiscard]] std::vector<ReplicationTree> replication_trees(const cluster::Cluster& cluster);

}  // namespace pgrepl::pages
