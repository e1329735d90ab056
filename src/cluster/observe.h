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

// A primary of another cluster that we watch.
struct FarPrimary {
  std::string cluster;
  std::string server;
  std::optional<pg::SystemIdentifier> system;
  std::optional<pg::TimelineId> timeline;
};

// The primary of a cluster that was just observed, for those that follow it. Absent while it has
// none, or has more than one, or the only one does not answer now.
[[nodiscard]] std::optional<FarPrimary> far_primary(const Cluster& cluster);

// What is known of a cluster beforehand.
struct Watched {
  std::string name;
  std::optional<Seconds> rpo{};  // the configured recovery point objective
  // Why servers may be missing; absent while every source of servers answers.
  std::optional<std::string> discovery_failure = std::nullopt;
  // Configured; absent when it is to be found by evidence.
  std::optional<ClusterRole> role = std::nullopt;
  // The primary of the cluster that this one is configured to follow, as it answered last. Absent
  // when no cluster is named, and while that one has no unambiguous primary.
  std::optional<FarPrimary> followed = std::nullopt;
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
