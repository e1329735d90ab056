#include "cluster/observe.h"

#include "cluster/primary.h"
#include "cluster/standby.h"
#include "cluster/topology.h"

#include <algorithm>
#include <utility>

namespace pgrepl::cluster {

namespace {

void remember_reading(const ServerSample& sample, ServerMemory& known) {
  const TickReading& reading = sample.tick->reading;
  const Instant at = middle(*sample.tick);
  known.answered_at = at;
  known.role = reading.role;
  known.timeline = reading.timeline ? reading.timeline : known.timeline;
  if (!reading.position) {
    return;
  }
  if (reading.role == Role::Standby) {
    if (known.position && *reading.position > *known.position) {
      known.position_moved_at = at;
    }
    known.replay_rate.note(*reading.position, at);
  }
  known.position = reading.position;
}

void remember_availability(
    const ServerSample& sample, ServerMemory& known, std::vector<Event>& events
) {
  const auto failure = sample.failure ? std::optional{sample.failure->reason} : std::nullopt;
  const bool first_sight = !known.answered_at && !known.failure;
  if (sample.tick && (first_sight || known.failure)) {
    const bool primary = sample.tick->reading.role == Role::Primary;
    events.push_back(
        {EventKind::ServerUp,
         sample.name,
         primary ? "answers as a primary" : "answers as a standby"}
    );
  }
  if (!sample.tick && failure && failure != known.failure) {
    events.push_back(
        {EventKind::ServerDown,
         sample.name,
         "does not answer (" + std::string{to_string(*failure)} + "): " + sample.failure->message}
    );
  }
  known.failure = sample.tick ? std::nullopt : failure;
}

void remember_standby(
    const std::string& name, const Standby& standby, ServerMemory& known, std::vector<Event>& events
) {
  if (known.state != standby.state) {
    const std::string before =
        known.state ? ", was " + std::string{to_string(*known.state)} : std::string{};
    events.push_back(
        {EventKind::StandbyState, name, "is " + std::string{to_string(standby.state)} + before}
    );
  }
  known.state = standby.state;
  known.state_since = standby.state_since;
  if (standby.upstream && standby.upstream->evidence != Evidence::Remembered) {
    known.upstream = standby.upstream;
  }
}

std::string names_of(std::span<const ServerSample> samples, std::span<const std::size_t> which) {
  std::string text;
  for (const std::size_t i : which) {
    text += (text.empty() ? "" : ", ") + samples[i].name;
  }
  return text;
}

// Two servers with different system identifiers; absent when there are none.
std::optional<std::pair<std::size_t, std::size_t>> find_strangers(
    std::span<const ServerSample> samples
) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto& a = samples[i].facts;
      const auto& b = samples[j].facts;
      if (a && b && a->system_identifier && b->system_identifier &&
          a->system_identifier != b->system_identifier) {
        return std::pair{j, i};
      }
    }
  }
  return std::nullopt;
}

std::vector<std::size_t> find_diverged(const Cluster& cluster) {
  std::vector<std::size_t> diverged;
  for (std::size_t i = 0; i < cluster.servers.size(); ++i) {
    const auto& standby = cluster.servers[i].standby;
    if (standby && standby->state == StandbyState::Diverged) {
      diverged.push_back(i);
    }
  }
  return diverged;
}

std::vector<AnomalyFinding> find_anomalies(
    std::span<const ServerSample> samples, const Cluster& cluster
) {
  std::vector<AnomalyFinding> findings;
  const auto primaries = answering_primaries(samples);
  if (primaries.empty()) {
    findings.push_back({Anomaly::NoPrimary, "no server answers as a primary"});
  }
  if (primaries.size() > 1 && !cluster.primary) {
    findings.push_back(
        {Anomaly::SplitBrain, "answering as primaries at once: " + names_of(samples, primaries)}
    );
  }
  if (const auto diverged = find_diverged(cluster); !diverged.empty()) {
    findings.push_back(
        {Anomaly::TimelineDivergence,
         "left behind on an old timeline, beyond the point where the present one began: " +
             names_of(samples, diverged)}
    );
  }
  if (const auto strangers = find_strangers(samples)) {
    findings.push_back(
        {Anomaly::MixedSystemIdentifiers,
         samples[strangers->first].name + " and " + samples[strangers->second].name +
             " come from different initdb runs; they cannot replicate from each other"}
    );
  }
  return findings;
}

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

void remember_samples(Observation& seen, std::span<const ServerSample> samples, Instant now) {
  for (const ServerSample& sample : samples) {
    ServerMemory& known = seen.memory.servers[sample.name];
    remember_availability(sample, known, seen.events);
    if (sample.tick) {
      remember_reading(sample, known);
    }
  }
  seen.cluster.primary = find_primary(samples, seen.memory, now);
  if (seen.cluster.primary) {
    remember_primary(samples[*seen.cluster.primary], seen.memory, seen.events, now);
  }
}

}  // namespace

Observation observe(
    std::string cluster_name, std::span<const ServerSample> samples, Memory memory, Instant now
) {
  Observation seen{.memory = std::move(memory)};
  seen.cluster.name = std::move(cluster_name);
  remember_samples(seen, samples, now);
  const auto matches = match_senders(samples, seen.memory);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    ServerMemory& known = seen.memory.servers[samples[i].name];
    Server server{.sample = samples[i], .role = known.role, .timeline = known.timeline};
    if (known.role != Role::Primary) {
      server.standby = describe_standby(
          {.samples = samples,
           .standby = i,
           .match = matches[i],
           .primary = seen.cluster.primary,
           .memory = seen.memory,
           .now = now}
      );
      remember_standby(samples[i].name, *server.standby, known, seen.events);
    } else {
      known.state.reset();
    }
    seen.cluster.servers.push_back(std::move(server));
  }
  seen.cluster.primaries = answering_primaries(samples).size();
  seen.cluster.anomalies = find_anomalies(samples, seen.cluster);
  report_anomalies(seen.cluster.anomalies, seen.memory, seen.events);
  if (seen.memory.primary) {
    seen.cluster.timeline = seen.memory.primary->timeline;
  }
  seen.cluster.failovers = seen.memory.failovers;
  seen.cluster.last_failover = seen.memory.last_failover;
  seen.cluster.last_failover_downtime = seen.memory.last_failover_downtime;
  return seen;
}

}  // namespace pgrepl::cluster
