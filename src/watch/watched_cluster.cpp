#include "watch/watched_cluster.h"

#include "cluster/endpoint_events.h"
#include "cluster/topology.h"
#include "log/log.h"

#include <algorithm>
#include <string>
#include <utility>

namespace pgrepl::watch {

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

bool has_server(const std::vector<config::Server>& servers, const std::string& name) {
  return std::ranges::find(servers, name, &config::Server::name) != servers.end();
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

discovery::Discoverer* discoverer_of(const WatchedCluster& watched) {
  return watched.discoverers.empty() ? nullptr : watched.discoverers.begin()->get();
}

void become(
    WatchedCluster& watched,
    const std::vector<config::Server>& servers,
    const PollerServes& serves,
    const PollerMaker& make
) {
  const auto left = watched.pollers.become(servers, serves, make);
  for (const sampling::Poller* poller : left) {
    const config::Server& server = poller->server();
    log_change(watched, server, "no longer watches a server");
    // One that moved goes on under its name; else the name may be another server's later.
    if (!has_server(servers, server.name)) {
      cluster::forget_server(watched.memory, server.name);
      watched.undecided.erase(server.name);
    }
  }
}

void stop(const WatchedCluster& watched) {
  watched.pollers.stop_all();
  watched.probers.stop_all();
  watched.discoverers.stop_all();
}

void dissolve(WatchedCluster& watched) {
  become(watched, {}, {}, {});
  watched.probers.retire_all();
  watched.discoverers.retire_all();
}

bool sweep(WatchedCluster& watched) {
  const bool pollers = watched.pollers.sweep();
  const bool probers = watched.probers.sweep();
  const bool discoverers = watched.discoverers.sweep();
  return pollers && probers && discoverers;
}

bool has_ended(const WatchedCluster& watched) {
  return watched.pollers.has_ended() && watched.probers.has_ended() &&
         watched.discoverers.has_ended();
}

void update_pollers(WatchedCluster& watched, const PollerMaker& make, cluster::Instant now) {
  discovery::Discoverer* const discoverer = discoverer_of(watched);
  if (discoverer == nullptr) {
    return;
  }
  const auto sightings = take_sightings(watched, now);
  const auto servers = discoverer->update(sightings, now);
  std::set<std::string> known;
  for (const auto& poller : watched.pollers) {
    known.insert(poller->server().name);
  }
  const auto make_new = [&](const config::Server& server) {
    if (!known.contains(server.name)) {
      watched.undecided.insert(server.name);
    }
    log_change(watched, server, "watches a discovered server");
    return make(server);
  };
  const auto serves = [](const sampling::Poller& poller, const config::Server& server) {
    return poller.server() == server;
  };
  become(watched, servers, serves, make_new);
  for (const auto& poller : watched.pollers) {
    if (poller->is_decided(now)) {
      watched.undecided.erase(poller->server().name);
    }
  }
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
  auto place = wanted.begin();
  for (const auto& poller : watched.pollers) {
    poller->want_place(*place++);
  }
}

std::vector<cluster::Event> take_ways_in(
    WatchedCluster& watched, std::span<const cluster::ServerSample> samples
) {
  probing::Answers answers;
  for (const auto& prober : watched.probers) {
    prober->tell(answers);
  }
  cluster::Cluster& latest = watched.latest;
  std::optional<std::string> primary;
  if (latest.primary) {
    primary = latest.servers[*latest.primary].sample.name;
  }
  latest.endpoints = cluster::describe_endpoints(answers.endpoints, samples, watched.memory.system);
  latest.pgbouncers =
      cluster::describe_pgbouncers(answers.pgbouncers, samples, primary, latest.endpoints);
  return cluster::note_ways_in(latest, watched.memory);
}

}  // namespace pgrepl::watch
