#include "cluster/anomalies.h"

#include <algorithm>
#include <string>
#include <utility>

namespace pgrepl::cluster {

namespace {

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

using Findings = std::vector<AnomalyFinding>;

void find_primary_conflicts(
    std::span<const ServerSample> samples, const Cluster& cluster, Findings& findings
) {
  const auto primaries = answering_primaries(samples);
  if (primaries.empty()) {
    findings.push_back({Anomaly::NoPrimary, "no server answers as a primary"});
  }
  if (primaries.size() > 1 && !cluster.primary) {
    findings.push_back(
        {Anomaly::SplitBrain, "answering as primaries at once: " + names_of(samples, primaries)}
    );
  }
}

void find_misfits(
    std::span<const ServerSample> samples, const Cluster& cluster, Findings& findings
) {
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
    if (!status.slot.active && status.inactive && *status.inactive > kOrphanedAfter) {
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

}  // namespace

std::vector<AnomalyFinding> find_anomalies(
    std::span<const ServerSample> samples,
    const Cluster& cluster,
    std::span<const SenderAt> unknown_standbys,
    const std::optional<std::string>& discovery_failure
) {
  Findings findings;
  find_primary_conflicts(samples, cluster, findings);
  find_misfits(samples, cluster, findings);
  find_orphaned_slots(cluster, findings);
  find_unknown_standbys(samples, unknown_standbys, findings);
  if (discovery_failure) {
    findings.push_back({Anomaly::DiscoveryFailed, *discovery_failure});
  }
  return findings;
}

}  // namespace pgrepl::cluster
