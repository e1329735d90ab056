// Makes a film that breaks as short as it can, so that a human can follow it.
#pragma once

#include "simulation/invariant.h"
#include "simulation/scenario.h"

namespace pgrepl::simulation {

// The same film with fewer moves, in which the same invariant breaks.
[[nodiscard]] Scenario shrink(
    Scenario scenario, const Violation& violation, const catalogue::Catalogue& catalogue
);

}  // namespace pgrepl::simulation
