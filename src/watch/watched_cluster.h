// One cluster with the pollers of its servers, which come and go with discovery.
#pragma once

#include "cluster/cluster.h"
#include "cluster/event.h"
#include "cluster/memory.h"
#include "cluster/sample.h"
#include "config/config.h"
#include "discovery/discoverer.h"
#include "probing/endpoint_prober.h"
#include "probing/pgbouncer_prober.h"
#include "sampling/poller.h"

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace pgrepl {

struct WatchedCluster {
  config::Cluster configured;
  std::vector<std::unique_ptr<sampling::Poller>> pollers;
  std::vector<std::unique_ptr<sampling::Poller>> stopping;  // of servers that are watched no more
  std::unique_ptr<discovery::Discoverer> discoverer;        // null when all servers are listed
  std::vector<std::unique_ptr<discovery::Discoverer>> stopping_discoverers;
  // Discovered servers of which it is not known yet whether they are known under another address.
  std::set<std::string> undecided;
  std::vector<std::unique_ptr<sampling::EndpointProber>> probers;
  std::vector<std::unique_ptr<sampling::EndpointProber>> stopping_probers;
  std::vector<std::unique_ptr<sampling::PgBouncerProber>> pgbouncers;
  std::vector<std::unique_ptr<sampling::PgBouncerProber>> stopping_pgbouncers;
  cluster::Memory memory;
  cluster::Cluster latest;
};

using PollerMaker = std::function<std::unique_ptr<sampling::Poller>(const config::Server&)>;

// Makes the pollers those of the servers that discovery knows at `now`. Returns the new ones, whose
// ticks are the caller's to start. Nothing of a round may hold a poller across this.
[[nodiscard]] std::vector<sampling::Poller*> update_pollers(
    WatchedCluster& watched, const PollerMaker& make, cluster::Instant now
);

// Makes the places of this exporter the same at all servers of the cluster.
void share_places(WatchedCluster& watched, cluster::Instant now);

using Pollers = std::vector<std::unique_ptr<sampling::Poller>>;

// The poller of exactly this server, out of `pollers`; null when there is none.
[[nodiscard]] std::unique_ptr<sampling::Poller> take_poller(
    Pollers& pollers, const config::Server& server
);

// Stops them, and forgets servers that no poller of the cluster watches any more.
void retire(WatchedCluster& watched, Pollers pollers);

// Stops all that runs for the cluster.
void stop(const WatchedCluster& watched);

// Destroys what has been stopped and has come to its end. True when nothing is left of that.
bool sweep(WatchedCluster& watched);

// Puts into `latest`, which is otherwise as just observed, what the endpoints and PgBouncers
// answered last. Returns what changed about them.
[[nodiscard]] std::vector<cluster::Event> take_ways_in(
    WatchedCluster& watched, std::span<const cluster::ServerSample> samples
);

// Of all servers but the undecided ones, which would count twice.
[[nodiscard]] std::vector<cluster::ServerSample> take_samples(
    const WatchedCluster& watched, cluster::Instant now
);

// Whether take_samples() has it.
[[nodiscard]] bool is_shown(const WatchedCluster& watched, const sampling::Poller& poller);

}  // namespace pgrepl
