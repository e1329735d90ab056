// The kinds of things that are probed: one row each. A new kind has a file of its own, an
// alternative of Target, and a row here.
#pragma once

#include "probing/prober.h"
#include "session/session.h"

#include <memory>
#include <vector>

namespace pgrepl::probing {

// Everything of the cluster that is probed, in the order of the configuration.
[[nodiscard]] std::vector<Target> targets_of(const config::Cluster& configured);

[[nodiscard]] std::unique_ptr<Prober> make_prober(
    loop::Loop loop,
    session::Network& network,
    const Target& target,
    const config::Sampling& sampling
);

}  // namespace pgrepl::probing
