// What is wrong with a cluster as a whole, with the evidence in words.
#pragma once

#include "cluster/cluster.h"
#include "cluster/topology.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::cluster {

// A slot without a consumer counts as orphaned after this long: a standby that restarts is no news.
inline constexpr Seconds kOrphanedAfter{300};

// `cluster` is complete but for its anomalies; `unknown_standbys` come from unknown_senders();
// `discovery_failure` says why servers may be missing.
[[nodiscard]] std::vector<AnomalyFinding> find_anomalies(
    std::span<const ServerSample> samples,
    const Cluster& cluster,
    std::span<const SenderAt> unknown_standbys,
    const std::optional<std::string>& discovery_failure
);

}  // namespace pgrepl::cluster
