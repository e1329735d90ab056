#include "cluster/cluster.h"

#include <algorithm>
#include <utility>

namespace pgrepl::cluster {

bool is_observed(std::span<const ServerSample> samples) {
  return std::ranges::none_of(samples, &ServerSample::left_to_others);
}

Cluster leave_to_others(std::string name, std::span<const ServerSample> samples) {
  Cluster cluster{.name = std::move(name)};
  cluster.observed = false;
  for (const ServerSample& sample : samples) {
    ServerSample kept{
        .name = sample.name,
        .endpoint = sample.endpoint,
        .addresses = sample.addresses,
        .failure = sample.failure,
        .left_to_others = !sample.failure && (sample.tick || sample.left_to_others),
    };
    cluster.servers.push_back({.sample = std::move(kept)});
  }
  return cluster;
}

}  // namespace pgrepl::cluster
