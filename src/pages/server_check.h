// Whether a load balancer may send an application to a server, and why not.
#pragma once

#include "pages/picture.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::pages {

struct Verdict {
  bool passed = false;
  std::string reason;  // one line, without its end

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// For connections that write: the primary of its cluster. With two of them none passes, so that
// nobody writes to the one that must be thrown away.
[[nodiscard]] Verdict check_primary(const WatchedCluster& watched, const cluster::Server& server);

struct LagBounds {
  std::optional<cluster::Seconds> time;
  std::optional<std::uint64_t> bytes;
};

// For connections that read: a standby on its primary's timeline, with its lag within the bounds.
// A lag that is unknown is not within any bound.
[[nodiscard]] Verdict check_replica(const cluster::Server& server, const LagBounds& bounds);

struct FoundServer {
  const WatchedCluster* watched;
  const cluster::Server* server;
};

// Servers of this name; of all clusters when `cluster` is empty.
[[nodiscard]] std::vector<FoundServer> find_servers(
    const Picture& picture, std::string_view name, std::string_view cluster
);

}  // namespace pgrepl::pages
