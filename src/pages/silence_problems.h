// What is wrong with a server that does not answer, and what to do about that reason.
#pragma once

#include "pages/picture.h"
#include "pages/problem.h"

namespace pgrepl::pages {

[[nodiscard]] Problem describe_silence(
    const WatchedCluster& watched, const cluster::Server& server
);

// It is there and takes no connections yet: PostgreSQL recovers, or ends.
[[nodiscard]] bool is_on_its_way(const cluster::Server& server);

}  // namespace pgrepl::pages
