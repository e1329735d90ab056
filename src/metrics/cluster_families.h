// The series of the model: what all servers of a cluster together show. One table row a family.
#pragma once

#include "cluster/cluster.h"
#include "cluster/memory.h"
#include "config/config.h"
#include "exposition/family.h"

#include <map>
#include <string>
#include <vector>

namespace pgrepl::metrics {

// A cluster with what the configuration says of it, and the two clocks of the exporter.
struct ClusterView {
  const cluster::Cluster& cluster;
  const config::Cluster& configured;
  cluster::Instant now;
  double wall_clock_now;  // seconds since the epoch, at `now`
};

// Unknown values leave their series out; pg_up and the counts of the cluster are always there.
void add_cluster_families(const ClusterView& view, Families& families);

// Those of one of its servers alone, under `labels`.
void add_families_of_server(
    const ClusterView& view, const cluster::Server& server, Labels labels, Families& families
);

// The labels that every series of a server carries, and of a cluster where `server` is empty.
[[nodiscard]] Labels base_labels(const config::Cluster& configured, const std::string& server);

}  // namespace pgrepl::metrics
