// Every address of a name is a server, as with the tasks of a service in Docker Swarm and the pods
// of a headless service in Kubernetes.
#pragma once

#include "discovery/source.h"
#include "fetch/outside.h"

namespace pgrepl::discovery {

class DnsSource : public Source {
 public:
  DnsSource(
      fetch::Outside outside,
      config::DnsDiscovery configured,
      std::chrono::milliseconds timeout,
      std::size_t most
  );

  asio::awaitable<Expected<std::vector<config::Server>, std::string>> discover() override;

  [[nodiscard]] std::chrono::milliseconds refresh() const override { return configured_.refresh; }

 private:
  fetch::Outside outside_;
  config::DnsDiscovery configured_;
  std::chrono::milliseconds timeout_;
  std::size_t most_;  // see Source::discover()
};

}  // namespace pgrepl::discovery
