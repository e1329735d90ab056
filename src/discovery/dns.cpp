#include "discovery/dns.h"

#include "discovery/server_at.h"

#include <utility>

namespace pgrepl::discovery {

DnsSource::DnsSource(
    asio::io_context& io, config::DnsDiscovery configured, std::chrono::milliseconds timeout
)
    : configured_(std::move(configured)), timeout_(timeout), resolver_(io) {
}

asio::awaitable<Expected<std::vector<config::Server>, std::string>> DnsSource::discover() {
  std::string name = configured_.name;
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  auto addresses = co_await resolver_.resolve(std::move(name), deadline);
  if (!addresses) {
    co_return Unexpected<std::string>{
        "dns " + configured_.name + ": cannot be resolved: " + addresses.error()};
  }
  std::vector<config::Server> servers;
  for (const std::string& address : *addresses) {
    servers.push_back(server_at(address, configured_.login, configured_.name));
  }
  co_return servers;
}

}  // namespace pgrepl::discovery
