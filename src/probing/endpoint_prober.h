// Uses one endpoint as an application would, and keeps what came of it.
#pragma once

#include "cluster/endpoint.h"
#include "config/config.h"
#include "probing/prober.h"
#include "session/session.h"

#include <asio/awaitable.hpp>

namespace pgrepl::probing {

class EndpointProber : public Prober {
 public:
  using Configured = config::Endpoint;

  EndpointProber(
      loop::Loop loop,
      session::Network& network,
      config::Endpoint endpoint,
      const config::Sampling& sampling
  );

  [[nodiscard]] const char* kind() const override { return "endpoint"; }

  void failed(const std::string& why) override;

  void tell(Answers& answers) const override;

  // While other exporters observe the cluster, its endpoints are theirs too.
  void leave_to_others() override { is_ours_ = false; }

  void take_back() override { is_ours_ = true; }

 private:
  // A new connection for each probe: an open one would stay with the server it once led to.
  asio::awaitable<void> probe_once() override;

  session::Network& network_;
  config::Endpoint endpoint_;
  bool is_ours_ = true;
  cluster::EndpointProbe latest_;
};

}  // namespace pgrepl::probing
