// Changes what is watched to what a configuration says, and leaves alone what stays the same.
#pragma once

#include "watch/watched_cluster.h"

#include <functional>
#include <memory>

namespace pgrepl::watch {

// They make what is new, and start it.
struct Makers {
  config::Sampling sampling;  // what they make works by
  config::Limits limits;
  PollerMaker poller;
  std::function<std::unique_ptr<probing::Prober>(const probing::Target&)> prober;
  std::function<std::unique_ptr<discovery::Discoverer>(const config::Cluster&)> discoverer;
};

// A server that is configured as before keeps its poller, and so its connections; memory and
// history are the cluster's. What is no longer wanted is stopped, and swept later.
void reconfigure(
    WatchedCluster& watched,
    const config::Cluster& configured,
    const Makers& makers,
    cluster::Instant now
);

}  // namespace pgrepl::watch
