#include "discovery/dns.h"

#include "discovery/server_at.h"

#include <functional>
#include <utility>

namespace pgrepl::discovery {

DnsSource::DnsSource(
    fetch::Outside outside,
    config::DnsDiscovery configured,
    std::chrono::milliseconds timeout,
    std::size_t most
)
    : outside_(outside), configured_(std::move(configured)), timeout_(timeout), most_(most) {
}

asio::awaitable<Expected<std::vector<config::Server>, std::string>> DnsSource::discover() {
  std::string name = configured_.name;
  const auto deadline = outside_.loop.now() + timeout_;
  auto addresses = co_await outside_.network.resolve(std::move(name), deadline);
  if (!addresses) {
    co_return Unexpected<std::string>{
        "dns " + configured_.name + ": cannot be resolved: " + addresses.error()};
  }
  leave_some(*addresses, most_, std::identity{});
  std::vector<config::Server> servers;
  for (const std::string& address : *addresses) {
    servers.push_back(server_at(address, configured_.login, configured_.name));
    servers.back().conninfo.reach = pg::Reach{configured_.allowed_networks};
  }
  co_return servers;
}

}  // namespace pgrepl::discovery
