// Uses one endpoint as an application would, again and again, and keeps what came of it.
#pragma once

#include "cluster/endpoint.h"
#include "config/config.h"
#include "session/resolver.h"

#include <chrono>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace pgrepl::sampling {

class EndpointProber {
 public:
  EndpointProber(asio::io_context& io, config::Endpoint endpoint, const config::Sampling& sampling);

  // A new connection for each probe: an open one would stay with the server it once led to.
  asio::awaitable<void> probe_until_stopped();
  void stop();

  // After stop(): nothing runs any more, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const { return ended_; }

  [[nodiscard]] const config::Endpoint& target() const { return endpoint_; }

  [[nodiscard]] const config::Sampling& sampling() const { return sampling_; }

  // While other exporters observe the cluster, its endpoints are theirs too.
  void leave_to_others() { is_ours_ = false; }

  void take_back() { is_ours_ = true; }

  [[nodiscard]] const cluster::EndpointProbe& latest() const { return latest_; }

 private:
  asio::awaitable<void> probe_once();

  asio::io_context& io_;
  config::Endpoint endpoint_;
  config::Sampling sampling_;
  std::chrono::milliseconds period_;
  std::chrono::milliseconds timeout_;
  session::Resolver resolver_;
  asio::steady_timer pause_;
  bool stopped_ = false;
  bool ended_ = false;
  bool is_ours_ = true;
  cluster::EndpointProbe latest_;
};

}  // namespace pgrepl::sampling
