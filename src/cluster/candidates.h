// Which standby could take over, and which of them would lose least.
#pragma once

#include "cluster/cluster.h"
#include "cluster/memory.h"

#include <optional>

namespace pgrepl::cluster {

// What a standby that answers has on its disk: received or restored.
[[nodiscard]] std::optional<pg::Lsn> flushed_by(const Server& server);

// Sets failover_ready of each standby and the best candidate. A dead primary writes nothing: what a
// standby lacks does not age with it. While two primaries answer, nobody is ready, since nobody
// knows which of their branches counts.
void judge_candidates(std::optional<Seconds> rpo, Cluster& cluster, const Memory& memory);

}  // namespace pgrepl::cluster
