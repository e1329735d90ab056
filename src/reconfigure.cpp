#include "reconfigure.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pgrepl {

namespace {

// Timeouts and the pace are fixed when a poller is made.
bool works_by(const sampling::Poller& poller, const config::Sampling& sampling) {
  return poller.sampling() == sampling;
}

std::unique_ptr<sampling::Poller> keep_or_make(
    Pollers& before, const config::Server& server, const Makers& makers, Added& added
) {
  auto poller = take_poller(before, server);
  if (poller != nullptr && works_by(*poller, makers.sampling)) {
    return poller;
  }
  if (poller != nullptr) {
    before.push_back(std::move(poller));
  }
  auto made = makers.poller(server);
  added.pollers.push_back(made.get());
  return made;
}

bool is_listed(const std::vector<config::Server>& servers, const config::Server& server) {
  return std::ranges::find(servers, server) != servers.end();
}

void change_pollers(
    WatchedCluster& watched, const config::Cluster& configured, const Makers& makers, Added& added
) {
  Pollers before = std::exchange(watched.pollers, {});
  std::vector<config::Server> discovered;
  for (const auto& poller : before) {
    if (!is_listed(watched.configured.servers, poller->server()) &&
        !is_listed(configured.servers, poller->server())) {
      discovered.push_back(poller->server());
    }
  }
  for (const config::Server& server : configured.servers) {
    watched.pollers.push_back(keep_or_make(before, server, makers, added));
    watched.undecided.erase(server.name);
  }
  // Discovery decides about these.
  for (const config::Server& server : discovered) {
    if (!configured.discovery.empty()) {
      watched.pollers.push_back(keep_or_make(before, server, makers, added));
    }
  }
  retire(watched, std::move(before));
}

void change_probers(
    WatchedCluster& watched, const config::Cluster& configured, const Makers& makers, Added& added
) {
  auto before = std::exchange(watched.probers, {});
  for (const config::Endpoint& endpoint : configured.endpoints) {
    const auto same = std::ranges::find_if(before, [&](const auto& prober) {
      return prober != nullptr && prober->endpoint() == endpoint &&
             prober->sampling() == makers.sampling;
    });
    if (same != before.end()) {
      watched.probers.push_back(std::move(*same));
      continue;
    }
    watched.probers.push_back(makers.prober(endpoint));
    added.probers.push_back(watched.probers.back().get());
  }
  for (auto& prober : before) {
    if (prober != nullptr) {
      prober->stop();
      watched.stopping_probers.push_back(std::move(prober));
    }
  }
}

bool discovers_alike(const config::Cluster& a, const config::Cluster& b) {
  return a.discovery == b.discovery && a.servers == b.servers && a.forget_after == b.forget_after;
}

void change_discoverer(
    WatchedCluster& watched, const config::Cluster& configured, const Makers& makers, Added& added
) {
  const bool stays = watched.discoverer && discovers_alike(watched.configured, configured) &&
                     watched.discoverer->timeout() == makers.sampling.timeout;
  if (stays) {
    return;
  }
  auto before = std::exchange(watched.discoverer, nullptr);
  if (!configured.discovery.empty()) {
    watched.discoverer = makers.discoverer(configured);
    added.discoverer = watched.discoverer.get();
  }
  if (before == nullptr) {
    return;
  }
  if (watched.discoverer) {
    watched.discoverer->take_over(*before);
  }
  before->stop();
  watched.stopping_discoverers.push_back(std::move(before));
}

}  // namespace

Added reconfigure(
    WatchedCluster& watched,
    const config::Cluster& configured,
    const Makers& makers,
    cluster::Instant now
) {
  Added added;
  change_pollers(watched, configured, makers, added);
  change_probers(watched, configured, makers, added);
  change_discoverer(watched, configured, makers, added);
  watched.configured = configured;
  // Two of one name would be watched until the next tick.
  const auto found = update_pollers(watched, makers.poller, now);
  added.pollers.insert(added.pollers.end(), found.begin(), found.end());
  return added;
}

void dissolve(WatchedCluster& watched) {
  retire(watched, std::exchange(watched.pollers, {}));
  for (auto& prober : std::exchange(watched.probers, {})) {
    prober->stop();
    watched.stopping_probers.push_back(std::move(prober));
  }
  if (watched.discoverer) {
    watched.discoverer->stop();
    watched.stopping_discoverers.push_back(std::exchange(watched.discoverer, nullptr));
  }
}

}  // namespace pgrepl
