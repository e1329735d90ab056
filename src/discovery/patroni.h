// The members of a cluster that Patroni keeps.
#pragma once

#include "discovery/source.h"
#include "fetch/outside.h"
#include "pg/reach.h"

#include <span>
#include <string>
#include <vector>

namespace pgrepl::discovery {

class PatroniSource : public Source {
 public:
  // `servers` are the configured ones of the same cluster.
  PatroniSource(
      fetch::Outside outside,
      config::PatroniDiscovery configured,
      std::span<const config::Server> servers,
      std::chrono::milliseconds timeout,
      std::size_t most
  );

  // Asks the member that answered last, then the others. A server is connected to within
  // `allowed_networks`; without any, in the networks around the URLs and the configured servers.
  asio::awaitable<Expected<std::vector<config::Server>, std::string>> discover() override;

  [[nodiscard]] std::chrono::milliseconds refresh() const override { return configured_.refresh; }

 private:
  void note_pause(bool paused);

  fetch::Outside outside_;
  config::PatroniDiscovery configured_;
  std::vector<std::string> given_hosts_;
  pg::Reach reach_;
  std::chrono::milliseconds timeout_;
  std::size_t most_;           // see Source::discover()
  std::size_t preferred_ = 0;  // which of the URLs answered last
  bool paused_ = false;
};

}  // namespace pgrepl::discovery
