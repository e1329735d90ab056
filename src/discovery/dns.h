// Every address of a name is a server, as with the tasks of a service in Docker Swarm and the pods
// of a headless service in Kubernetes.
#pragma once

#include "discovery/source.h"
#include "session/resolver.h"

namespace pgrepl::discovery {

class DnsSource : public Source {
 public:
  DnsSource(
      asio::io_context& io, config::DnsDiscovery configured, std::chrono::milliseconds timeout
  );

  asio::awaitable<Expected<std::vector<config::Server>, std::string>> discover() override;

  [[nodiscard]] std::chrono::milliseconds refresh() const override { return configured_.refresh; }

 private:
  config::DnsDiscovery configured_;
  std::chrono::milliseconds timeout_;
  session::Resolver resolver_;
};

}  // namespace pgrepl::discovery
