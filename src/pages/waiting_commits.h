// Why commits wait for synchronous replication, and what to do about that cause.
#pragma once

#include "pages/picture.h"
#include "pages/problem.h"

namespace pgrepl::pages {

// To take a standby out of synchronous_standby_names gives durability up: it is advised only where
// a standby is missing or does not answer.
[[nodiscard]] Advice advise_waiting_commits(const WatchedCluster& watched);

}  // namespace pgrepl::pages
