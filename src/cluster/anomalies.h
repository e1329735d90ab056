// What is wrong with a cluster as a whole, with the evidence in words.
#pragma once

#include "cluster/cluster.h"
#include "cluster/identity.h"
#include "cluster/observe.h"
#include "cluster/topology.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::cluster {

// A slot without a consumer counts as orphaned after this long: a standby that restarts is no news.
inline constexpr Seconds kOrphanedAfter{300};

// Commits that wait for a moment are what synchronous replication is.
inline constexpr Seconds kCommitsWaitAfter{5};

// `cluster` is complete but for its anomalies; `unknown_standbys` come from unknown_senders();
// `watched` says why servers may be missing, and which cluster this one is to follow; `memory` is
// of the same observation.
[[nodiscard]] std::vector<AnomalyFinding> find_anomalies(
    std::span<const ServerSample> samples,
    const Cluster& cluster,
    std::span<const SenderAt> unknown_standbys,
    const Memory& memory,
    const Watched& watched
);

// What concerns the list of servers rather than the cluster: strangers, and servers named twice.
void add_identity_anomalies(Cluster& cluster, const Identities& identities);

}  // namespace pgrepl::cluster
