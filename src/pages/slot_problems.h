// What is wrong with one replication slot, why, and what to do about that cause.
#pragma once

#include "pages/picture.h"
#include "pages/problem.h"

#include <optional>

namespace pgrepl::pages {

[[nodiscard]] std::optional<Problem> describe_slot(
    const WatchedCluster& watched, const cluster::Server& server, const cluster::SlotStatus& status
);

}  // namespace pgrepl::pages
