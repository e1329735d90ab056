#include "discovery/replication.h"

#include "discovery/server_at.h"

#include <algorithm>

namespace pgrepl::discovery {

Followed follow_senders(
    const config::ReplicationDiscovery& configured, std::span<const Sighting> sightings
) {
  std::set<std::string> addresses;
  Followed followed;
  for (const Sighting& sighting : sightings) {
    for (const std::string& address : sighting.standby_addresses) {
      const bool allowed =
          std::ranges::any_of(configured.allowed_networks, [&address](const pg::Network& network) {
            return network.contains(address);
          });
      (allowed ? addresses : followed.refused).insert(address);
    }
  }
  for (const std::string& address : addresses) {
    followed.servers.push_back(server_at(address, configured.login, ""));
    followed.servers.back().conninfo.reach = pg::Reach{configured.allowed_networks};
  }
  return followed;
}

}  // namespace pgrepl::discovery
