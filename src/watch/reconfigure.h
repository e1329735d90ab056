// Changes what is watched to what a configuration says, and leaves alone what stays the same.
#pragma once

#include "watch/watched_cluster.h"

#include <functional>
#include <memory>
#include <vector>

namespace pgrepl {

struct Makers {
  config::Sampling sampling;  // what they make works by
  PollerMaker poller;
  std::function<std::unique_ptr<sampling::EndpointProber>(const config::Endpoint&)> prober;
  std::function<std::unique_ptr<sampling::PgBouncerProber>(const config::PgBouncer&)> pgbouncer;
  std::function<std::unique_ptr<discovery::Discoverer>(const config::Cluster&)> discoverer;
};

// What is new, and the caller's to start.
struct Added {
  std::vector<sampling::Poller*> pollers;
  std::vector<sampling::EndpointProber*> probers;
  std::vector<sampling::PgBouncerProber*> pgbouncers;
  discovery::Discoverer* discoverer = nullptr;
};

// A server that is configured as before keeps its poller, and so its connections; memory and
// history are the cluster's. What is no longer wanted is stopped, and swept later.
[[nodiscard]] Added reconfigure(
    WatchedCluster& watched,
    const config::Cluster& configured,
    const Makers& makers,
    cluster::Instant now
);

// Stops the cluster and all that it watches.
void dissolve(WatchedCluster& watched);

}  // namespace pgrepl
