// How safe the cluster's data is now: what a failover or a restore would lose, who could take over.
#pragma once

#include "cluster/cluster.h"
#include "cluster/memory.h"

#include <span>

namespace pgrepl::cluster {

// Fills in the cluster's exposure, synchronous standbys and candidates for a failover. Notes in
// `memory` how far a connected standby has got.
void assess_safety(
    std::span<const ServerSample> samples,
    std::optional<Seconds> rpo,
    Cluster& cluster,
    Memory& memory,
    Instant now
);

// What the primary has archived, into `memory`; before the standbys that follow the archive are
// judged.
void note_archive(const ServerSample& primary, Memory& memory);

}  // namespace pgrepl::cluster
