// The members of a cluster that Patroni keeps.
#pragma once

#include "discovery/source.h"
#include "fetch/outside.h"

namespace pgrepl::discovery {

class PatroniSource : public Source {
 public:
  PatroniSource(
      fetch::Outside outside, config::PatroniDiscovery configured, std::chrono::milliseconds timeout
  );

  // Asks the member that answered last, then the others.
  asio::awaitable<Expected<std::vector<config::Server>, std::string>> discover() override;

  [[nodiscard]] std::chrono::milliseconds refresh() const override { return configured_.refresh; }

 private:
  void note_pause(bool paused);

  fetch::Outside outside_;
  config::PatroniDiscovery configured_;
  std::chrono::milliseconds timeout_;
  std::size_t preferred_ = 0;  // which of the URLs answered last
  bool paused_ = false;
};

}  // namespace pgrepl::discovery
