// What to do about each anomaly of a cluster.
#pragma once

#include "pages/picture.h"
#include "pages/problem.h"

namespace pgrepl::pages {

[[nodiscard]] Problem describe_anomaly(
    const WatchedCluster& watched, const cluster::AnomalyFinding& finding
);

}  // namespace pgrepl::pages
