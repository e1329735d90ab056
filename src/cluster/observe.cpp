#include "cluster/observe.h"

#include "cluster/anomalies.h"
#include "cluster/primary.h"
#include "cluster/safety.h"
#include "cluster/standby.h"
#include "cluster/topology.h"

#include <algorithm>
#include <utility>

namespace pgrepl::cluster {

namespace {

void remember_reading(const ServerSample& sample, ServerMemory& known) {
  const TickReading& reading = sample.tick->reading;
  const Instant at = middle(*sample.tick);
  const auto was = std::exchange(known.role, reading.role);
  known.answered_at = at;
  // A server that runs on never returns to an older timeline: a standby that has lost its receiver
  // shows the one of its last restartpoint, and so does one that is restarted and finds no
  // upstream.
  const bool restarted_alone =
      was == Role::Standby && reading.role == Role::Standby && !reading.receiver;
  const bool runs_on =
      restarted_alone || known.postmaster_start_time == reading.postmaster_start_time;
  if (reading.timeline && !(runs_on && known.timeline > reading.timeline)) {
    known.timeline = reading.timeline;
  }
  known.postmaster_start_time = reading.postmaster_start_time;
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
  known.position_read_at = at;
}

// Its sender may have heard of it since it answered us. Should both fall silent at once, the newer
// of the two views is the one to keep.
void remember_sender_view(
    std::span<const ServerSample> samples, const SenderMatch& match, ServerMemory& known
) {
  const Tick& tick = *samples[match.upstream].tick;
  const WalSender& sender = tick.reading.senders[match.sender];
  if (sender.replay >= known.position) {
    known.position = sender.replay;
    known.position_read_at = middle(tick);
  }
}

void remember_silence(bool anything_said, ServerMemory& known, Instant now) {
  known.silent_since =
      anything_said ? std::nullopt : std::optional{known.silent_since.value_or(now)};
}

void remember_availability(
    const ServerSample& sample, ServerMemory& known, std::vector<Event>& events
) {
  const auto failure = sample.failure ? std::optional{sample.failure->reason} : std::nullopt;
  const bool first_sight = !known.answered_at && !known.failure;
  if (sample.tick && !failure && (first_sight || known.failure)) {
    const bool primary = sample.tick->reading.role == Role::Primary;
    events.push_back(
        {EventKind::ServerUp,
         sample.name,
         primary ? "answers as a primary" : "answers as a standby"}
    );
  }
  if (failure && failure != known.failure) {
    events.push_back(
        {EventKind::ServerDown,
         sample.name,
         "does not answer (" + std::string{to_string(*failure)} + "): " + sample.failure->message}
    );
  }
  known.failure = failure;
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
  known.lag = known.silent_since ? known.lag : standby.lag.time;
  if (standby.upstream && standby.upstream->evidence != Evidence::Remembered) {
    known.upstream = standby.upstream;
  }
}

RecentActivity recent_activity(const ServerSample& sample, ServerMemory& known) {
  if (!sample.totals) {
    return {};
  }
  known.activity.note(*sample.totals);
  return known.activity.last_minute();
}

void report_failovers(const Memory& memory, Cluster& cluster) {
  cluster.failovers = memory.failovers;
  cluster.last_failover = memory.last_failover;
  cluster.last_failover_downtime = memory.last_failover_downtime;
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
    const Watched& watched, std::span<const ServerSample> samples, Memory memory, Instant now
) {
  Observation seen{.memory = std::move(memory)};
  seen.cluster.name = watched.name;
  remember_samples(seen, samples, now);
  const auto matches = match_senders(samples, seen.memory);
  const auto wal_rate = seen.memory.history.bytes_per_second(Seconds{60});
  for (std::size_t i = 0; i < samples.size(); ++i) {
    ServerMemory& known = seen.memory.servers[samples[i].name];
    if (matches[i]) {
      remember_sender_view(samples, *matches[i], known);
    }
    remember_silence(is_current(samples[i]) || matches[i], known, now);
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
    server.activity = recent_activity(samples[i], known);
    server.slots = describe_slots(samples[i], wal_rate, seen.memory.slots_inactive_since, now);
    seen.cluster.servers.push_back(std::move(server));
  }
  seen.cluster.primaries = answering_primaries(samples).size();
  if (seen.memory.primary) {
    seen.cluster.timeline = seen.memory.primary->timeline;
  }
  assess_safety(samples, watched.rpo, seen.cluster, seen.memory, now);
  const auto unknown = unknown_senders(samples, matches, seen.memory);
  seen.cluster.anomalies =
      find_anomalies(samples, seen.cluster, unknown, watched.discovery_failure);
  report_anomalies(seen.cluster.anomalies, seen.memory, seen.events);
  report_failovers(seen.memory, seen.cluster);
  return seen;
}

}  // namespace pgrepl::cluster
