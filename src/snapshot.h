// What one round found, complete and immutable: the only thing the HTTP threads see.
#pragma once

#include "cluster/cluster.h"

#include <string>
#include <vector>

namespace pgrepl {

struct Snapshot {
  std::vector<cluster::Cluster> clusters;
  std::string page;  // Prometheus text format 0.0.4
  cluster::Instant taken;
};

}  // namespace pgrepl
