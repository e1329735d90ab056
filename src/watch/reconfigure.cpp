#include "watch/reconfigure.h"

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

template <class Prober>
using Probers = std::vector<std::unique_ptr<Prober>>;

// Those that went on elsewhere are null.
template <class Prober>
void stop_all(Probers<Prober>& probers, Probers<Prober>& stopping) {
  for (auto& prober : std::exchange(probers, {})) {
    if (prober != nullptr) {
      prober->stop();
      stopping.push_back(std::move(prober));
    }
  }
}

// A prober of the same target and pace goes on. Returns those that are new.
template <class Prober, class Target, class Maker>
std::vector<Prober*> change_probers(
    Probers<Prober>& probers,
    Probers<Prober>& stopping,
    const std::vector<Target>& targets,
    const config::Sampling& sampling,
    const Maker& make
) {
  std::vector<Prober*> added;
  auto before = std::exchange(probers, {});
  for (const Target& target : targets) {
    const auto same = std::ranges::find_if(before, [&](const auto& prober) {
      return prober != nullptr && prober->target() == target && prober->sampling() == sampling;
    });
    if (same != before.end()) {
      probers.push_back(std::move(*same));
      continue;
    }
    probers.push_back(make(target));
    added.push_back(probers.back().get());
  }
  stop_all(before, stopping);
  return added;
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
  added.probers = change_probers(
      watched.probers,
      watched.stopping_probers,
      configured.endpoints,
      makers.sampling,
      makers.prober
  );
  added.pgbouncers = change_probers(
      watched.pgbouncers,
      watched.stopping_pgbouncers,
      configured.pgbouncers,
      makers.sampling,
      makers.pgbouncer
  );
  change_discoverer(watched, configured, makers, added);
  watched.configured = configured;
  // Two of one name would be watched until the next tick.
  const auto found = update_pollers(watched, makers.poller, now);
  added.pollers.insert(added.pollers.end(), found.begin(), found.end());
  return added;
}

void dissolve(WatchedCluster& watched) {
  retire(watched, std::exchange(watched.pollers, {}));
  stop_all(watched.probers, watched.stopping_probers);
  stop_all(watched.pgbouncers, watched.stopping_pgbouncers);
  if (watched.discoverer) {
    watched.discoverer->stop();
    watched.stopping_discoverers.push_back(std::exchange(watched.discoverer, nullptr));
  }
}

}  // namespace pgrepl
