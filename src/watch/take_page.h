// What the pollers have brought, as the page of /metrics takes it.
#pragma once

#include "catalogue/query.h"
#include "metrics/page.h"
#include "watch/watched_cluster.h"

#include <span>
#include <vector>

namespace pgrepl {

// The pages point into the clusters and the catalogue.
[[nodiscard]] std::vector<metrics::ClusterPage> take_pages(
    std::span<const WatchedCluster> clusters,
    const std::vector<catalogue::BrokenQuery>& broken,
    cluster::Instant now
);

// Whether a server or a query of one did not answer.
[[nodiscard]] bool has_failures(std::span<const WatchedCluster> clusters, cluster::Instant now);

}  // namespace pgrepl
