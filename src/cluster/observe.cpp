#include "cluster/observe.h"

#include "cluster/anomalies.h"
#include "cluster/identity.h"
#include "cluster/observe_family.h"
#include "cluster/standby.h"

#include <algorithm>
#include <utility>

namespace pgrepl::cluster {

namespace {

void report_anomalies(
    const std::vector<AnomalyFinding>& findings, Memory& memory, std::vector<Event>& events
) {
  std::vector<Anomaly> present;
  for (const AnomalyFinding& finding : findings) {
    present.push_back(finding.anomaly);
    if (std::ranges::find(memory.anomalies, finding.anomaly) == memory.anomalies.end()) {
      events.push_back(
          {EventKind::AnomalyBegan,
           "",
           std::string{to_string(finding.anomaly)} + ": " + finding.evidence}
      );
    }
  }
  for (const Anomaly before : memory.anomalies) {
    if (std::ranges::find(present, before) == present.end()) {
      events.push_back({EventKind::AnomalyEnded, "", std::string{to_string(before)} + " is over"});
    }
  }
  memory.anomalies = std::move(present);
}

std::vector<ServerSample> pick(
    std::span<const ServerSample> samples, const std::vector<std::size_t>& members
) {
  std::vector<ServerSample> picked;
  for (const std::size_t i : members) {
    picked.push_back(samples[i]);
  }
  return picked;
}

// Nothing of the old cluster holds for the new one, but the count of what was seen.
Memory begin_anew(Memory& old) {
  Memory fresh;
  fresh.failovers = old.failovers;
  fresh.last_failover = old.last_failover;
  fresh.last_failover_downtime = old.last_failover_downtime;
  fresh.anomalies = std::move(old.anomalies);
  fresh.endpoints = std::move(old.endpoints);
  fresh.pgbouncers_up = std::move(old.pgbouncers_up);
  fresh.same_server = std::move(old.same_server);
  fresh.others = std::move(old.others);
  fresh.foreign_since = std::move(old.foreign_since);
  for (auto& [name, known] : old.servers) {
    // Whether it answered is no matter of which cluster it belongs to.
    fresh.servers[name].failure = known.failure;
    fresh.servers[name].answered_at = known.answered_at;
  }
  return fresh;
}

void tell_of_rebuilding(const Family& own, Observation& seen) {
  const auto number = [](std::optional<pg::SystemIdentifier> id) {
    return std::to_string(static_cast<std::uint64_t>(id.value_or(pg::SystemIdentifier{})));
  };
  seen.events.push_back(
      {EventKind::Rebuilt,
       "",
       "the cluster was rebuilt: its system identifier is " + number(own.system) + ", and was " +
           number(seen.memory.system) + "; what was known of the old one is forgotten"}
  );
}

Memory take_memory_of(const Family& family, std::vector<OtherFamily>& others) {
  const auto known = std::ranges::find(others, *family.system, &OtherFamily::system);
  Memory memory = known == others.end() ? Memory{} : std::move(known->memory);
  memory.system = family.system;
  return memory;
}

// What belongs to another family now is nothing of this one.
void leave_out(
    std::span<const ServerSample> samples, const std::vector<std::size_t>& members, Memory& memory
) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (std::ranges::find(members, i) == members.end()) {
      memory.servers.erase(samples[i].name);
    }
  }
}

using Places = std::vector<std::optional<Server>>;

void put(std::vector<Server>&& servers, const std::vector<std::size_t>& members, Places& places) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    places[members[i]] = std::move(servers[i]);
  }
}

bool is_cluster_of_its_own(const Cluster& cluster) {
  return cluster.primary && cluster.servers.size() > 1;
}

void make_foreign(Observation& other, Observation& seen, Instant now) {
  std::erase_if(other.events, [](const Event& event) {
    return event.kind != EventKind::ServerUp && event.kind != EventKind::ServerDown;
  });
  for (Server& server : other.cluster.servers) {
    const std::string& name = server.sample.name;
    const auto [since, is_news] = seen.memory.foreign_since.try_emplace(name, now);
    server.standby = describe_foreign(server.sample, seen.memory, since->second);
    if (is_news) {
      seen.events.push_back(
          {EventKind::StandbyState, name, "is foreign: " + server.standby->evidence}
      );
    }
  }
}

// A family with a primary and standbys is measured by itself. Any other is one of strangers.
void observe_others(
    const Watched& watched,
    std::span<const ServerSample> samples,
    const Identities& identities,
    Observation& seen,
    Places& places,
    Instant now
) {
  const Family& own = identities.families.front();
  std::vector<OtherFamily> before = std::exchange(seen.memory.others, {});
  const auto is_own = [&](const auto& known) {
    const auto found = std::ranges::find(samples, known.first, &ServerSample::name);
    const auto i = static_cast<std::size_t>(found - samples.begin());
    return found == samples.end() || std::ranges::find(own.members, i) != own.members.end();
  };
  std::erase_if(seen.memory.foreign_since, is_own);
  for (std::size_t f = 1; f < identities.families.size(); ++f) {
    const Family& family = identities.families[f];
    const Watched alone{.name = watched.name};
    auto other =
        observe_family(alone, pick(samples, family.members), take_memory_of(family, before), now);
    if (!is_cluster_of_its_own(other.cluster)) {
      make_foreign(other, seen, now);
    }
    std::ranges::move(other.events, std::back_inserter(seen.events));
    put(std::move(other.cluster.servers), family.members, places);
    seen.memory.others.push_back({*family.system, std::move(other.memory)});
  }
}

// An entry that leads to a server that is listed before shows what that one is.
void put_doubles(
    std::span<const ServerSample> samples, const Identities& identities, Places& places
) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (const auto same = identities.same_as[i]) {
      Server server = *places[*same];
      server.sample = samples[i];
      server.same_as = samples[*same].name;
      server.slots.clear();
      if (server.standby) {
        server.standby->failover_ready = false;
      }
      places[i] = std::move(server);
    }
  }
}

std::optional<std::size_t> in_list(
    std::optional<std::size_t> member, const std::vector<std::size_t>& members
) {
  return member ? std::optional{members[*member]} : std::nullopt;
}

}  // namespace

std::optional<FarPrimary> far_primary(const Cluster& cluster) {
  if (!cluster.primary || !is_current(cluster.servers[*cluster.primary].sample)) {
    return std::nullopt;
  }
  const Server& primary = cluster.servers[*cluster.primary];
  return FarPrimary{
      .cluster = cluster.name,
      .server = primary.sample.name,
      .system = birth_of(primary.sample),
      .timeline = primary.timeline};
}

Observation observe(
    const Watched& watched, std::span<const ServerSample> samples, Memory memory, Instant now
) {
  const Identities identities = identify(samples, memory);
  const Family& own = identities.families.front();
  std::vector<Event> told;
  Observation start{.memory = std::move(memory)};
  if (identities.rebuilt) {
    tell_of_rebuilding(own, start);
    start.memory = begin_anew(start.memory);
  }
  start.memory.system = own.system ? own.system : start.memory.system;
  leave_out(samples, own.members, start.memory);
  Observation seen =
      observe_family(watched, pick(samples, own.members), std::move(start.memory), now);
  seen.events.insert(seen.events.begin(), start.events.begin(), start.events.end());
  seen.cluster.primary = in_list(seen.cluster.primary, own.members);
  seen.cluster.stale_primary = in_list(seen.cluster.stale_primary, own.members);
  Places places(samples.size());
  put(std::exchange(seen.cluster.servers, {}), own.members, places);
  observe_others(watched, samples, identities, seen, places, now);
  put_doubles(samples, identities, places);
  for (auto& place : places) {
    seen.cluster.servers.push_back(std::move(*place));
  }
  add_identity_anomalies(seen.cluster, identities);
  report_anomalies(seen.cluster.anomalies, seen.memory, seen.events);
  return seen;
}

}  // namespace pgrepl::cluster
