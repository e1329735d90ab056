#include "watch/reconfigure.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace pgrepl::watch {

namespace {

bool is_listed(const std::vector<config::Server>& servers, const config::Server& server) {
  return std::ranges::find(servers, server) != servers.end();
}

// Those that the configuration lists, and those that discovery has found so far: it decides about
// the latter when it is asked next.
std::vector<config::Server> wanted_servers(
    const WatchedCluster& watched, const config::Cluster& configured
) {
  std::vector<config::Server> wanted = configured.servers;
  for (const auto& poller : watched.pollers) {
    const bool discovered = !is_listed(watched.configured.servers, poller->server()) &&
                            !is_listed(configured.servers, poller->server());
    if (discovered && !configured.discovery.empty()) {
      wanted.push_back(poller->server());
    }
  }
  return wanted;
}

void change_pollers(
    WatchedCluster& watched, const config::Cluster& configured, const Makers& makers
) {
  const std::vector<config::Server> wanted = wanted_servers(watched, configured);
  for (const config::Server& server : configured.servers) {
    watched.undecided.erase(server.name);
  }
  become(
      watched,
      wanted,
      [&makers](const sampling::Poller& poller, const config::Server& server) {
        // Timeouts and the pace are fixed when a poller is made.
        return poller.server() == server && poller.sampling() == makers.sampling;
      },
      makers.poller
  );
}

bool discovers_alike(const config::Cluster& a, const config::Cluster& b) {
  return a.discovery == b.discovery && a.servers == b.servers && a.forget_after == b.forget_after;
}

void change_discoverer(
    WatchedCluster& watched, const config::Cluster& configured, const Makers& makers
) {
  discovery::Discoverer* const before = discoverer_of(watched);
  const bool stays = before != nullptr && discovers_alike(watched.configured, configured) &&
                     before->timeout() == makers.sampling.timeout &&
                     before->most() == makers.limits.discovered_servers;
  if (stays) {
    return;
  }
  auto stopping = watched.discoverers.take_all();
  if (!configured.discovery.empty()) {
    watched.discoverers.add(makers.discoverer(configured));
  }
  if (before != nullptr && discoverer_of(watched) != nullptr) {
    discoverer_of(watched)->take_over(*before);
  }
  for (auto& discoverer : stopping) {
    watched.discoverers.retire(std::move(discoverer));
  }
}

}  // namespace

void reconfigure(
    WatchedCluster& watched,
    const config::Cluster& configured,
    const Makers& makers,
    cluster::Instant now
) {
  change_pollers(watched, configured, makers);
  const auto serves = [&makers](const probing::Prober& prober, const probing::Target& target) {
    return prober.serves(target, makers.sampling);
  };
  watched.probers.become(probing::targets_of(configured), serves, makers.prober);
  change_discoverer(watched, configured, makers);
  watched.configured = configured;
  // Two of one name would be watched until the next tick.
  update_pollers(watched, makers.poller, now);
}

}  // namespace pgrepl::watch
