// The standbys that known servers send WAL to and nobody knows. Pure: the servers have been asked
// already.
#pragma once

#include "discovery/roster.h"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::discovery {

struct Followed {
  std::vector<config::Server> servers;
  std::set<std::string> refused;  // addresses outside of the allowed networks
};

// A sender's row has no port of its standby; it is taken to be the configured one.
[[nodiscard]] Followed follow_senders(
    const config::ReplicationDiscovery& configured, std::span<const Sighting> sightings
);

}  // namespace pgrepl::discovery
