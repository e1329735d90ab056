// What the pollers have brought, as the page of /metrics takes it.
#pragma once

#include "catalogue/query.h"
#include "metrics/page.h"
#include "watch/watched_cluster.h"

#include <functional>
#include <span>
#include <vector>

namespace pgrepl::watch {

// Of a round that has not ended: the servers that it still waits for. What their queries brought is
// of an earlier round, and left out.
using StillAsked = std::function<bool(const sampling::Poller&)>;

// The pages point into the clusters and the catalogue.
[[nodiscard]] std::vector<metrics::ClusterPage> take_pages(
    std::span<const WatchedCluster> clusters,
    const std::vector<catalogue::BrokenQuery>& broken,
    const StillAsked& still_asked,
    cluster::Instant now
);

// Whether a server or a query of one did not answer.
[[nodiscard]] bool has_failures(std::span<const WatchedCluster> clusters, cluster::Instant now);

}  // namespace pgrepl::watch
