// A cluster as it was seen, together with what the configuration says of it: what pages are made
// of.
#pragma once

#include "cluster/cluster.h"
#include "config/config.h"
#include "pages/picture.h"

namespace pgrepl::watch {

[[nodiscard]] pages::WatchedCluster take_picture(
    const cluster::Cluster& seen, const config::Cluster& configured
);

}  // namespace pgrepl::watch
