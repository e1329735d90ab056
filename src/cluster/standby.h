// What one standby is doing and how far it is behind, from its own answer, its upstream's, or
// what is remembered of it.
#pragma once

#include "cluster/chain.h"
#include "cluster/cluster.h"
#include "cluster/memory.h"
#include "cluster/topology.h"

#include <optional>
#include <span>

namespace pgrepl::cluster {

// Everything an observation knows when it comes to one standby. `memory` already holds the
// samples' readings.
struct StandbyView {
  std::span<const ServerSample> samples;
  std::size_t standby;
  std::optional<SenderMatch> match;
  std::optional<std::size_t> primary;  // absent when no primary answers, or it is ambiguous
  ChainEnd chain;
  const Memory& memory;
  Instant now;
};

[[nodiscard]] Standby describe_standby(const StandbyView& view);

// A server of another cluster: nothing of ours is compared with it.
[[nodiscard]] Standby describe_foreign(
    const ServerSample& sample, const Memory& own, Instant since
);

// Notes what tells later whether the archive still feeds it, and whether its upstream still has
// what it needs. `known` is its own, and already holds this sample.
void note_sources(
    const ServerSample& sample, const Memory& memory, ServerMemory& known, Instant now
);

}  // namespace pgrepl::cluster
