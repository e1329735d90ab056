// One cluster with the pollers of its servers, which come and go with discovery.
#pragma once

#include "cluster/cluster.h"
#include "cluster/memory.h"
#include "cluster/sample.h"
#include "config/config.h"
#include "discovery/discoverer.h"
#include "sampling/poller.h"

#include <functional>
#include <memory>
#include <vector>

namespace pgrepl {

struct WatchedCluster {
  config::Cluster configured;
  std::vector<std::unique_ptr<sampling::Poller>> pollers;
  std::vector<std::unique_ptr<sampling::Poller>> stopping;  // of servers that are watched no more
  std::unique_ptr<discovery::Discoverer> discoverer;        // null when all servers are listed
  cluster::Memory memory;
  cluster::Cluster latest;
};

using PollerMaker = std::function<std::unique_ptr<sampling::Poller>(const config::Server&)>;

// Makes the pollers those of the servers that discovery knows at `now`. Returns the new ones, whose
// ticks are the caller's to start. Nothing of a round may hold a poller across this.
[[nodiscard]] std::vector<sampling::Poller*> update_pollers(
    WatchedCluster& watched, const PollerMaker& make, cluster::Instant now
);

// Of all servers that are known to be one each: a discovered one is left out until it has answered
// or failed, since it may turn out to be another one under a second address.
[[nodiscard]] std::vector<cluster::ServerSample> take_samples(
    const WatchedCluster& watched, cluster::Instant now
);

// Whether take_samples() has it.
[[nodiscard]] bool is_shown(
    const WatchedCluster& watched, const sampling::Poller& poller, cluster::Instant now
);

}  // namespace pgrepl
