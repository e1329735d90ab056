// A cluster in which nothing is unknown, so that every series of the model has a sample.
#pragma once

#include "cluster/cluster.h"
#include "config/config.h"

namespace pgrepl::metrics {

struct ExampleCluster {
  cluster::Cluster cluster;
  config::Cluster configured;
};

[[nodiscard]] ExampleCluster example_cluster();

}  // namespace pgrepl::metrics
