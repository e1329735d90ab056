// What is wrong with one standby and with one slot, why, and what to do about that cause.
#pragma once

#include "pages/picture.h"
#include "pages/problem.h"

#include <optional>
#include <vector>

namespace pgrepl::pages {

// Of a standby that answers. A state that explains the lag is told together with it.
[[nodiscard]] std::vector<Problem> describe_standby(
    const cluster::Server& server, const cluster::Standby& standby, const LagLimits& limits
);

// Of a server that does not answer.
[[nodiscard]] Problem describe_silence(const cluster::Server& server);

[[nodiscard]] std::optional<Problem> describe_slot(
    const WatchedCluster& watched, const cluster::Server& server, const cluster::SlotStatus& status
);

}  // namespace pgrepl::pages
