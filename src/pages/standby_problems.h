// What is wrong with one standby, why, and what to do about that cause.
#pragma once

#include "pages/picture.h"
#include "pages/problem.h"

#include <string>
#include <vector>

namespace pgrepl::pages {

// Of a standby that answers. A state that explains the lag is told together with it.
[[nodiscard]] std::vector<Problem> describe_standby(
    const WatchedCluster& watched, const cluster::Server& server, const cluster::Standby& standby
);

// The problem of a state of `standby`, with what proves the state.
[[nodiscard]] Problem problem_of(
    Severity severity,
    const cluster::Server& server,
    const cluster::Standby& standby,
    std::string message,
    Advice advice
);

// The settings that are too low, each with what it must be at least.
[[nodiscard]] std::string settings_of(const cluster::Standby& standby);

}  // namespace pgrepl::pages
