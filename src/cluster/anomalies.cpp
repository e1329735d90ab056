#include "cluster/anomalies.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

namespace pgrepl::cluster {

namespace {

using Findings = std::vector<AnomalyFinding>;

// Names and evidence of all servers in a state: "pg-2 (…), pg-3 (…)". Empty when there are none.
std::string all_in(const Cluster& cluster, StandbyState state) {
  std::string text;
  for (const Server& server : cluster.servers) {
    if (server.standby && server.standby->state == state) {
      text += (text.empty() ? "" : "; ") + server.sample.name + ": " + server.standby->evidence;
    }
  }
  return text;
}

std::string number_of(pg::TimelineId timeline) {
  return std::to_string(static_cast<std::uint32_t>(timeline));
}

// "pg-1 (timeline 1, feeds pg-3), pg-2 (timeline 2)": which of them the others follow decides what
// is stopped.
std::string branches_of(
    std::span<const ServerSample> samples,
    std::span<const std::size_t> primaries,
    const Cluster& cluster
) {
  std::string text;
  for (const std::size_t i : primaries) {
    const auto& timeline = samples[i].tick->reading.timeline;
    std::string fed;
    for (const Server& server : cluster.servers) {
      const bool follows_it = server.standby && server.sample.tick &&
                              server.sample.tick->reading.receiver && server.standby->upstream &&
                              server.standby->upstream->server == samples[i].name;
      fed += follows_it ? (fed.empty() ? ", feeds " : " and ") + server.sample.name : "";
    }
    text += (text.empty() ? "" : ", ") + samples[i].name + " (" +
            (timeline ? "timeline " + number_of(*timeline) : "timeline not known") + fed + ")";
  }
  return text;
}

// Why nobody answers as primary: who was it, and what has become of it.
std::string explain_no_primary(const Cluster& cluster, const Memory& memory) {
  if (memory.primary) {
    const std::string& name = memory.primary->server;
    const auto found = std::ranges::find_if(cluster.servers, [&name](const Server& server) {
      return server.sample.name == name;
    });
    if (found != cluster.servers.end() && found->sample.tick &&
        found->sample.tick->reading.role == Role::Standby) {
      return name + ", the primary until now, is in recovery, and no other server answers as one";
    }
  }
  return "no server answers as a primary";
}

void find_stale_primary(const Cluster& cluster, const Memory& memory, Findings& findings) {
  const Server& stale = cluster.servers[*cluster.stale_primary];
  pg::TimelineId latest{};
  std::string who;
  for (const auto& [name, known] : memory.servers) {
    if (name != stale.sample.name && known.timeline && *known.timeline > latest) {
      latest = *known.timeline;
      who = name;
    }
  }
  if (memory.primary && memory.primary->timeline > latest) {
    latest = memory.primary->timeline;
    who = memory.primary->server;
  }
  findings.push_back(
      {Anomaly::StalePrimary,
       stale.sample.name + " takes writes on timeline " +
           number_of(stale.timeline.value_or(pg::TimelineId{})) +
           ", which the cluster has left: " + who + " is or was on timeline " + number_of(latest)}
  );
}

void find_primary_conflicts(
    std::span<const ServerSample> samples,
    const Cluster& cluster,
    const Memory& memory,
    Findings& findings
) {
  const auto primaries = answering_primaries(samples);
  if (primaries.empty() && cluster.role == ClusterRole::Origin) {
    findings.push_back({Anomaly::NoPrimary, explain_no_primary(cluster, memory)});
  }
  if (primaries.size() > 1 && !cluster.primary) {
    findings.push_back(
        {Anomaly::SplitBrain,
         "answering as primaries at once: " + branches_of(samples, primaries, cluster)}
    );
  }
  if (cluster.stale_primary) {
    find_stale_primary(cluster, memory, findings);
  }
  if (const auto& rewind = memory.rewind) {
    findings.push_back(
        {Anomaly::PrimaryRewound,
         rewind->server + " went back on timeline " + number_of(rewind->timeline) + " from " +
             to_string(rewind->from) + " to " + to_string(rewind->to) +
             ": the changes between are lost on it"}
    );
  }
}

void find_misfits(const Cluster& cluster, Findings& findings) {
  if (const auto diverged = all_in(cluster, StandbyState::Diverged); !diverged.empty()) {
    findings.push_back(
        {Anomaly::TimelineDivergence,
         "beyond the point where the present timeline began, on an older one: " + diverged}
    );
  }
  if (const auto ahead = all_in(cluster, StandbyState::Ahead); !ahead.empty()) {
    findings.push_back({Anomaly::StandbyAhead, "with WAL that the primary does not have: " + ahead}
    );
  }
  std::string loop;
  for (const Server& server : cluster.servers) {
    if (server.standby && server.standby->chain == Chain::Loop) {
      loop += (loop.empty() ? "" : ", ") + server.sample.name;
    }
  }
  if (!loop.empty()) {
    findings.push_back(
        {Anomaly::ReplicationLoop, "receive WAL from each other and from no primary: " + loop}
    );
  }
}

// What our role may not see on a server; empty when it sees everything.
std::string hidden_on(const ServerSample& sample) {
  std::string hidden;
  const auto add = [&hidden](bool holds, const char* what) {
    hidden += holds ? (hidden.empty() ? "" : ", ") + std::string{what} : "";
  };
  if (sample.tick) {
    add(sample.tick->reading.receiver.is_hidden(), "its WAL receiver");
    add(sample.tick->reading.senders_hidden, "its WAL senders");
    add(sample.sync_waits.is_hidden(), "what its sessions wait for");
  }
  return hidden;
}

// Servers may be asked as different roles.
void find_not_permitted(std::span<const ServerSample> samples, Findings& findings) {
  std::map<std::string, std::string> hidden_from;
  for (const ServerSample& sample : samples) {
    const std::string hidden = hidden_on(sample);
    if (hidden.empty()) {
      continue;
    }
    const bool named = sample.facts && !sample.facts->login.empty();
    std::string& text = hidden_from[named ? "our role " + sample.facts->login : "our role"];
    text += (text.empty() ? "" : "; ") + sample.name + " hides " + hidden;
  }
  std::string all;
  for (const auto& [role, text] : hidden_from) {
    all += (all.empty() ? "" : ". ") + role + " may not see all of replication: " + text;
  }
  if (!all.empty()) {
    findings.push_back({Anomaly::NotPermitted, std::move(all)});
  }
}

void find_waiting_commits(const Cluster& cluster, Findings& findings) {
  const auto& waiting = cluster.commits_waiting;
  if (!cluster.primary || !waiting || !waiting->longest || *waiting->longest < kCommitsWaitAfter) {
    return;
  }
  findings.push_back(
      {Anomaly::CommitsWaiting,
       std::to_string(waiting->sessions) + " session(s) of " +
           cluster.servers[*cluster.primary].sample.name +
           " wait for synchronous replication, the first for " +
           std::to_string(std::llround(waiting->longest->count())) + " s"}
  );
}

// Slots of standbys are copies or serve cascades that come and go; those of the primary fill its
// disk.
void find_orphaned_slots(const Cluster& cluster, Findings& findings) {
  if (!cluster.primary) {
    return;
  }
  const Server& primary = cluster.servers[*cluster.primary];
  std::string slots;
  for (const SlotStatus& status : primary.slots) {
    const bool ours =
        !status.slot.synced && !status.slot.temporary && !is_reserved_slot(status.slot);
    if (!status.slot.active && ours && status.holds_wal && status.inactive &&
        *status.inactive > kOrphanedAfter) {
      slots += (slots.empty() ? "" : ", ") + status.slot.name;
    }
  }
  if (!slots.empty()) {
    findings.push_back(
        {Anomaly::OrphanedSlot,
         "slots of " + primary.sample.name + " that keep WAL for nobody: " + slots}
    );
  }
}

void find_unknown_standbys(
    std::span<const ServerSample> samples, std::span<const SenderAt> unknown, Findings& findings
) {
  if (unknown.empty()) {
    return;
  }
  const ServerSample& upstream = samples[unknown.front().upstream];
  const WalSender& sender = upstream.tick->reading.senders[unknown.front().sender];
  findings.push_back(
      {Anomaly::UnknownStandby,
       upstream.name + " sends WAL to a standby that is not watched: application_name " +
           sender.application_name + ", address " + sender.client_addr.value_or("local")}
  );
}

// A standby cluster that was promoted while the one it follows goes on. Clusters of two initdb do
// not follow each other, whatever the configuration says; one that is not known proves nothing.
void find_two_origins(
    const Cluster& cluster, const std::optional<FarPrimary>& followed, Findings& findings
) {
  const auto own = far_primary(cluster);
  if (!own || !followed || !own->system || own->system != followed->system) {
    return;
  }
  const auto place = [](const FarPrimary& primary) {
    return primary.server + " of " + primary.cluster +
           (primary.timeline ? " on timeline " + number_of(*primary.timeline) : "");
  };
  findings.push_back(
      {Anomaly::TwoOrigins,
       "both take writes: " + place(*own) + ", and " + place(*followed) +
           ", which it is configured to follow"}
  );
}

}  // namespace

std::vector<AnomalyFinding> find_anomalies(
    std::span<const ServerSample> samples,
    const Cluster& cluster,
    std::span<const SenderAt> unknown_standbys,
    const Memory& memory,
    const Watched& watched
) {
  Findings findings;
  find_primary_conflicts(samples, cluster, memory, findings);
  find_misfits(cluster, findings);
  find_waiting_commits(cluster, findings);
  find_not_permitted(samples, findings);
  find_orphaned_slots(cluster, findings);
  find_unknown_standbys(samples, unknown_standbys, findings);
  find_two_origins(cluster, watched.followed, findings);
  if (watched.discovery_failure) {
    findings.push_back({Anomaly::DiscoveryFailed, *watched.discovery_failure});
  }
  return findings;
}

void add_identity_anomalies(Cluster& cluster, const Identities& identities) {
  const auto name = [&cluster](std::size_t i) { return cluster.servers[i].sample.name; };
  std::string strangers;
  for (std::size_t f = 1; f < identities.families.size(); ++f) {
    for (const std::size_t i : identities.families[f].members) {
      strangers += (strangers.empty() ? "" : ", ") + name(i);
    }
  }
  if (!strangers.empty()) {
    cluster.anomalies.push_back(
        {Anomaly::MixedSystemIdentifiers,
         "from another initdb than the rest of the cluster: " + strangers +
             "; they cannot replicate from it"}
    );
  }
  std::string doubles;
  for (std::size_t i = 0; i < identities.same_as.size(); ++i) {
    if (const auto same = identities.same_as[i]) {
      doubles += (doubles.empty() ? "" : ", ") + name(i) + " is " + name(*same);
    }
  }
  if (!doubles.empty()) {
    cluster.anomalies.push_back(
        {Anomaly::ListedTwice,
         "one server under two names, by its system identifier and start: " + doubles}
    );
  }
}

}  // namespace pgrepl::cluster
