// Joins what all servers say into one picture of the cluster, and what it remembers.
#pragma once

#include "cluster/cluster.h"
#include "cluster/event.h"
#include "cluster/memory.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::cluster {

// What is known of a cluster beforehand.
struct Watched {
  std::string name;
  std::optional<Seconds> rpo{};  // the configured recovery point objective
  // Why servers may be missing; absent while every source of servers answers.
  std::optional<std::string> discovery_failure = std::nullopt;
  // Configured; absent when it is to be found by evidence.
  std::optional<ClusterRole> role = std::nullopt;
};

struct Observation {
  Cluster cluster;
  Memory memory;              // for the next observation
  std::vector<Event> events;  // what has changed since the last one, in the order it was found
};

// `samples` are all known servers in a stable order, each with its freshest answer or its failure;
// `memory` is that of the observation before, empty at first.
[[nodiscard]] Observation observe(
    const Watched& watched, std::span<const ServerSample> samples, Memory memory, Instant now
);

}  // namespace pgrepl::cluster
