// Where the WAL of a standby comes from in the end: its upstream, the upstream of that, and so on.
#pragma once

#include "cluster/cluster.h"
#include "cluster/memory.h"
#include "cluster/topology.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace pgrepl::cluster {

struct ChainEnd {
  Chain chain = Chain::Unknown;
  std::size_t top = 0;  // the server at which it ends; of a loop, one of it

  friend bool operator==(const ChainEnd&, const ChainEnd&) = default;
};

// For each sample, by what its receiver and the senders say now. `primary` is where a chain ends
// well. A server without an upstream is its own top.
[[nodiscard]] std::vector<ChainEnd> judge_chains(
    std::span<const ServerSample> samples,
    std::span<const std::optional<SenderMatch>> matches,
    std::optional<std::size_t> primary
);

// Standbys that receive from a primary which we cannot ask: it is not watched, or does not answer.
// A message of a watched standby that has fallen silent is no word of a primary: nobody knows
// whether that standby still heard of one.
[[nodiscard]] std::vector<std::size_t> told_from_afar(
    std::span<const ServerSample> samples,
    std::span<const std::optional<SenderMatch>> matches,
    const Memory& memory
);

// Whether it is evident that the cluster's primary is not among the servers we watch: each of them
// answers as a standby, and one receives from a server that is not in the list.
[[nodiscard]] bool follows_from_afar(
    std::span<const ServerSample> samples, std::span<const std::optional<SenderMatch>> matches
);

}  // namespace pgrepl::cluster
