// What changed about the ways into a cluster: its endpoints and its PgBouncers.
#pragma once

#include "cluster/cluster.h"
#include "cluster/event.h"
#include "cluster/memory.h"

#include <vector>

namespace pgrepl::cluster {

// One event when an endpoint gets ok or stops being so, when it leads to another server, and when a
// PgBouncer answers or falls silent; also at first sight. The memory is brought up to date.
[[nodiscard]] std::vector<Event> note_ways_in(const Cluster& cluster, Memory& memory);

}  // namespace pgrepl::cluster
