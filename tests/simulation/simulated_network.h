// The network as one exporter sees it: sessions to the servers of the world, and its names.
#pragma once

#include "fetch/client.h"
#include "simulation/wire.h"

namespace pgrepl::simulation {

class SimulatedNetwork : public session::Network {
 public:
  SimulatedNetwork(loop::Loop loop, Exchange& exchange, ExporterId exporter)
      : loop_(loop), exchange_(exchange), exporter_(exporter) {}

  [[nodiscard]] std::unique_ptr<session::Session> make_session(
      pg::ConnInfo conninfo, session::SessionOptions options
  ) override;
  [[nodiscard]] std::unique_ptr<session::SimpleSession> make_simple_session() override;

  // "servers" are the addresses that the world lists.
  asio::awaitable<session::Addresses> resolve(std::string host, session::Deadline deadline)
      override;

 private:
  loop::Loop loop_;
  Exchange& exchange_;
  ExporterId exporter_;
};

// Patroni's /cluster, asked of anybody.
class SimulatedHttp : public fetch::Client {
 public:
  SimulatedHttp(loop::Loop loop, Exchange& exchange, ExporterId exporter)
      : loop_(loop), exchange_(exchange), exporter_(exporter) {}

  asio::awaitable<Expected<std::string, std::string>> get(
      config::Url url, config::RestAccess access, loop::Instant deadline
  ) override;

 private:
  loop::Loop loop_;
  Exchange& exchange_;
  ExporterId exporter_;
};

}  // namespace pgrepl::simulation
