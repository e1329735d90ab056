#include "watch/watched_cluster.h"

#include "cluster/endpoint_events.h"
#include "cluster/topology.h"
#include "log/log.h"

#include <algorithm>
#include <string>
#include <utility>

namespace pgrepl {

namespace {

bool is_decided(const cluster::ServerSample& sample) {
  return sample.tick || sample.failure || sample.left_to_others;
}

discovery::Sighting sighting_of(const cluster::ServerSample& sample) {
  discovery::Sighting sighting{.server = sample.name, .addresses = sample.addresses};
  sighting.postmaster_start_time = sample.seen_postmaster_start_time;
  if (sample.tick) {
    sighting.postmaster_start_time = sample.tick->reading.postmaster_start_time;
  }
  if (sample.facts) {
    sighting.system_identifier = sample.facts->system_identifier;
  }
  return sighting;
}

// The addresses of standbys that no watched server accounts for. Only once every server has
// answered or failed: before that, any standby looks unknown.
void add_unknown_standbys(
    std::span<const cluster::ServerSample> samples,
    const cluster::Memory& memory,
    std::vector<discovery::Sighting>& sightings
) {
  if (!std::ranges::all_of(samples, is_decided)) {
    return;
  }
  const auto matches = cluster::match_senders(samples, memory);
  for (const cluster::SenderAt& at : cluster::unknown_senders(samples, matches, memory)) {
    const auto& sender = samples[at.upstream].tick->reading.senders[at.sender];
    if (sender.client_addr) {
      sightings[at.upstream].standby_addresses.push_back(*sender.client_addr);
    }
  }
}

std::vector<discovery::Sighting> take_sightings(
    const WatchedCluster& watched, cluster::Instant now
) {
  std::vector<cluster::ServerSample> samples;
  std::vector<discovery::Sighting> sightings;
  for (const auto& poller : watched.pollers) {
    samples.push_back(poller->sample(now));
    sightings.push_back(sighting_of(samples.back()));
  }
  add_unknown_standbys(samples, watched.memory, sightings);
  return sightings;
}

bool has_server(const Pollers& pollers, const std::string& name) {
  return std::ranges::any_of(pollers, [&name](const auto& poller) {
    return poller != nullptr && poller->server().name == name;
  });
}

void log_change(const WatchedCluster& watched, const config::Server& server, const char* change) {
  log::write(
      log::Level::Info,
      "discovery",
      change,
      {{"cluster", watched.configured.name},
       {"server", server.name},
       {"address", to_string(server.conninfo.endpoint)}}
  );
}

}  // namespace

std::unique_ptr<sampling::Poller> take_poller(Pollers& pollers, const config::Server& server) {
  const auto found = std::ranges::find_if(pollers, [&server](const auto& poller) {
    return poller != nullptr && poller->server() == server;
  });
  return found == pollers.end() ? nullptr : std::move(*found);
}

void retire(WatchedCluster& watched, Pollers pollers) {
  for (auto& poller : pollers) {
    if (poller == nullptr) {
      continue;
    }
    log_change(watched, poller->server(), "no longer watches a server");
    poller->stop();
    // One that moved goes on under its name; else the name may be another server's later.
    if (const std::string& name = poller->server().name; !has_server(watched.pollers, name)) {
      cluster::forget_server(watched.memory, name);
      watched.undecided.erase(name);
    }
    watched.stopping.push_back(std::move(poller));
  }
}

void stop(const WatchedCluster& watched) {
  for (const auto& poller : watched.pollers) {
    poller->stop();
  }
  for (const auto& prober : watched.probers) {
    prober->stop();
  }
  for (const auto& prober : watched.pgbouncers) {
    prober->stop();
  }
  if (watched.discoverer) {
    watched.discoverer->stop();
  }
}

bool sweep(WatchedCluster& watched) {
  const auto has_ended = [](const auto& stopped) { return stopped->has_ended(); };
  std::erase_if(watched.stopping, has_ended);
  std::erase_if(watched.stopping_probers, has_ended);
  std::erase_if(watched.stopping_pgbouncers, has_ended);
  std::erase_if(watched.stopping_discoverers, has_ended);
  return watched.stopping.empty() && watched.stopping_probers.empty() &&
         watched.stopping_pgbouncers.empty() && watched.stopping_discoverers.empty();
}

std::vector<sampling::Poller*> update_pollers(
    WatchedCluster& watched, const PollerMaker& make, cluster::Instant now
) {
  std::vector<sampling::Poller*> added;
  if (watched.discoverer == nullptr) {
    return added;
  }
  const auto sightings = take_sightings(watched, now);
  const auto servers = watched.discoverer->update(sightings, now);
  Pollers before = std::exchange(watched.pollers, {});
  for (const config::Server& server : servers) {
    auto poller = take_poller(before, server);
    if (poller == nullptr) {
      poller = make(server);
      added.push_back(poller.get());
      if (!has_server(before, server.name)) {
        watched.undecided.insert(server.name);
      }
      log_change(watched, server, "watches a discovered server");
    }
    if (poller->is_decided(now)) {
      watched.undecided.erase(server.name);
    }
    watched.pollers.push_back(std::move(poller));
  }
  retire(watched, std::move(before));
  return added;
}

bool is_shown(const WatchedCluster& watched, const sampling::Poller& poller) {
  return !watched.undecided.contains(poller.server().name);
}

std::vector<cluster::ServerSample> take_samples(
    const WatchedCluster& watched, cluster::Instant now
) {
  std::vector<cluster::ServerSample> samples;
  for (const auto& poller : watched.pollers) {
    if (is_shown(watched, *poller)) {
      samples.push_back(poller->sample(now));
    }
  }
  return samples;
}

void share_places(WatchedCluster& watched, cluster::Instant now) {
  std::vector<sampling::PlaceAt> places;
  for (const auto& poller : watched.pollers) {
    places.push_back(poller->place_at(now));
  }
  const auto wanted = sampling::wanted_places(places);
  for (std::size_t i = 0; i < places.size(); ++i) {
    watched.pollers[i]->want_place(wanted[i]);
  }
}

std::vector<cluster::Event> take_ways_in(
    WatchedCluster& watched, std::span<const cluster::ServerSample> samples
) {
  std::vector<cluster::EndpointProbe> endpoints;
  for (const auto& prober : watched.probers) {
    endpoints.push_back(prober->latest());
  }
  std::vector<cluster::PgBouncerProbe> pgbouncers;
  for (const auto& prober : watched.pgbouncers) {
    pgbouncers.push_back(prober->latest());
  }
  cluster::Cluster& latest = watched.latest;
  std::optional<std::string> primary;
  if (latest.primary) {
    primary = latest.servers[*latest.primary].sample.name;
  }
  latest.endpoints = cluster::describe_endpoints(endpoints, samples, watched.memory.system);
  latest.pgbouncers = cluster::describe_pgbouncers(pgbouncers, samples, primary, latest.endpoints);
  return cluster::note_ways_in(latest, watched.memory);
}

}  // namespace pgrepl
