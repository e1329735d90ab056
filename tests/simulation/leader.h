// The world after all faults have ceased.
#pragma once

#include "simulation/world.h"

namespace pgrepl::simulation {

// One primary that writes, everybody else follows it, nothing is slow, refused or cut.
void make_whole(World& world);

// The running primary on the highest timeline; absent without one.
[[nodiscard]] std::optional<NodeId> leader_of(const World& world);

}  // namespace pgrepl::simulation
