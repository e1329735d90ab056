#include "cluster/observe_family.h"

#include "cluster/anomalies.h"
#include "cluster/chain.h"
#include "cluster/primary.h"
#include "cluster/remember.h"
#include "cluster/safety.h"
#include "cluster/standby.h"
#include "cluster/topology.h"

#include <algorithm>
#include <utility>

namespace pgrepl::cluster {

namespace {

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

// What a family is seen to be, for the cluster that it is put into.
struct FamilyView {
  std::vector<ServerSample> samples;
  std::vector<std::optional<SenderMatch>> matches;
  std::vector<ChainEnd> chains;
  FoundPrimary primary;
};

FamilyView look_at(Observation& seen, std::span<const ServerSample> samples, Instant now) {
  FamilyView view{.samples = {samples.begin(), samples.end()}};
  for (const ServerSample& sample : samples) {
    ServerMemory& known = seen.memory.servers[sample.name];
    remember_availability(sample, known, seen.events);
    if (sample.tick) {
      remember_reading(sample, known);
    }
  }
  view.primary = find_primary(samples, seen.memory, now);
  if (view.primary.primary && view.primary.is_settled) {
    const ServerSample& primary = samples[*view.primary.primary];
    remember_primary(primary, seen.memory, seen.events, now);
    note_archive(primary, seen.memory);
  }
  if (!view.primary.is_settled) {
    remember_rivals(samples, seen.memory);
  }
  view.matches = match_senders(samples, seen.memory);
  view.chains = judge_chains(samples, view.matches, view.primary.primary);
  return view;
}

void judge_role(const Watched& watched, const FamilyView& view, Memory& memory, Cluster& cluster) {
  if (memory.primary || view.primary.primary || view.primary.stale) {
    memory.role = ClusterRole::Origin;
  } else if (watched.role) {
    memory.role = watched.role;
  } else if (follows_from_afar(view.samples, view.matches)) {
    memory.role = ClusterRole::Standby;
  }
  cluster.role = watched.role.value_or(memory.role.value_or(ClusterRole::Origin));
}

Server describe_server(const FamilyView& view, std::size_t i, Observation& seen, Instant now) {
  const ServerSample& sample = view.samples[i];
  ServerMemory& known = seen.memory.servers[sample.name];
  if (view.matches[i]) {
    remember_sender_view(view.samples, *view.matches[i], known);
  }
  remember_silence(is_current(sample) || view.matches[i], known, now);
  Server server{.sample = sample, .role = known.role, .timeline = known.timeline};
  if (known.role != Role::Primary) {
    note_sources(sample, seen.memory, known, now);
    server.standby = describe_standby(
        {.samples = view.samples,
         .standby = i,
         .match = view.matches[i],
         .primary = view.primary.primary,
         .chain = view.chains[i],
         .memory = seen.memory,
         .now = now}
    );
    known.beyond_primary = server.standby->state == StandbyState::Ahead;
    remember_standby(sample.name, *server.standby, known, seen.events);
  } else {
    known.state.reset();
  }
  server.activity = recent_activity(sample, known);
  const bool is_primary = view.primary.primary == i;
  server.slots = describe_slots(
      sample,
      is_primary ? &seen.memory.history : nullptr,
      {seen.memory.slots_inactive_since, seen.memory.slots},
      now
  );
  return server;
}

}  // namespace

Observation observe_family(
    const Watched& watched, std::span<const ServerSample> samples, Memory memory, Instant now
) {
  Observation seen{.memory = std::move(memory)};
  seen.cluster.name = watched.name;
  const FamilyView view = look_at(seen, samples, now);
  seen.cluster.primary = view.primary.primary;
  seen.cluster.stale_primary = view.primary.stale;
  judge_role(watched, view, seen.memory, seen.cluster);
  if (!view.primary.primary && view.primary.is_settled) {
    remember_far_end(samples, told_from_afar(samples, view.matches, seen.memory), seen.memory);
  }
  for (std::size_t i = 0; i < samples.size(); ++i) {
    seen.cluster.servers.push_back(describe_server(view, i, seen, now));
  }
  forget_rewind_when_over(seen.memory);
  seen.cluster.primaries = answering_primaries(samples).size();
  if (seen.memory.primary) {
    seen.cluster.timeline = seen.memory.primary->timeline;
  }
  assess_safety(samples, watched.rpo, seen.cluster, seen.memory, now);
  const auto unknown = unknown_senders(samples, view.matches, seen.memory);
  seen.cluster.anomalies = find_anomalies(samples, seen.cluster, unknown, seen.memory, watched);
  report_failovers(seen.memory, seen.cluster);
  return seen;
}

}  // namespace pgrepl::cluster
