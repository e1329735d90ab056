#include "discovery/surroundings.h"

#include "discovery/roster.h"

#include <algorithm>

namespace pgrepl::discovery {

std::vector<std::string> given_hosts(
    std::span<const config::Url> urls, std::span<const config::Server> servers
) {
  std::vector<std::string> hosts;
  for (const config::Url& url : urls) {
    hosts.push_back(url.host);
  }
  for (const config::Server& server : servers) {
    if (std::string host = address_of(server.conninfo); pg::is_host(host)) {
      hosts.push_back(std::move(host));
    }
  }
  return hosts;
}

asio::awaitable<void> look_around(
    session::Network& network,
    const std::vector<std::string>& hosts,
    session::Deadline deadline,
    pg::Reach& reach
) {
  for (std::string host : hosts) {
    const auto addresses = co_await network.resolve(std::move(host), deadline);
    if (!addresses) {
      continue;
    }
    for (const std::string& address : *addresses) {
      const auto around = pg::network_around(address);
      if (around && std::ranges::find(reach.networks, *around) == reach.networks.end()) {
        reach.networks.push_back(*around);
      }
    }
  }
}

}  // namespace pgrepl::discovery
