// One cluster with the pollers of its servers, which come and go with discovery.
#pragma once

#include "cluster/cluster.h"
#include "cluster/event.h"
#include "cluster/memory.h"
#include "cluster/sample.h"
#include "config/config.h"
#include "discovery/discoverer.h"
#include "probing/kinds.h"
#include "sampling/poller.h"
#include "watch/task_set.h"

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::watch {

struct WatchedCluster {
  explicit WatchedCluster(loop::Supervisor& supervisor)
      : pollers(supervisor), discoverers(supervisor), probers(supervisor) {}

  config::Cluster configured;
  TaskSet<sampling::Poller> pollers;           // of its servers
  TaskSet<discovery::Discoverer> discoverers;  // one, or none when all servers are listed
  TaskSet<probing::Prober> probers;            // of its endpoints and PgBouncers
  // Discovered servers of which it is not known yet whether they are known under another address.
  std::set<std::string> undecided;
  cluster::Memory memory;
  cluster::Cluster latest;
};

// Null when all servers are listed.
[[nodiscard]] discovery::Discoverer* discoverer_of(const WatchedCluster& watched);

// Makes a poller, and starts it.
using PollerMaker = std::function<std::unique_ptr<sampling::Poller>(const config::Server&)>;

// Whether this poller may go on for that server.
using PollerServes = std::function<bool(const sampling::Poller&, const config::Server&)>;

// Makes the pollers those of `servers`, in that order. Servers that are not among them are
// forgotten, unless a server of the same name is.
void become(
    WatchedCluster& watched,
    const std::vector<config::Server>& servers,
    const PollerServes& serves,
    const PollerMaker& make
);

// Makes the pollers those of the servers that discovery knows at `now`. Nothing of a round may hold
// a poller across this.
void update_pollers(WatchedCluster& watched, const PollerMaker& make, cluster::Instant now);

// Makes the places of this exporter the same at all servers of the cluster.
void share_places(WatchedCluster& watched, cluster::Instant now);

// Stops all that runs for the cluster; what was seen last can still be read.
void stop(const WatchedCluster& watched);

// The same, for a cluster that is watched no more.
void dissolve(WatchedCluster& watched);

// Destroys what has been retired and has come to its end. True when nothing is left of that.
bool sweep(WatchedCluster& watched);

// Whether nothing runs for it any more.
[[nodiscard]] bool has_ended(const WatchedCluster& watched);

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

}  // namespace pgrepl::watch
