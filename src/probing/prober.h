// Tries something from outside, as its users do, again and again.
#pragma once

#include "config/config.h"

#include <chrono>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace pgrepl::sampling {

class Prober {
 public:
  virtual ~Prober() = default;
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // At every tick, but not more often than once a second: each try is a line in somebody's log.
  asio::awaitable<void> probe_until_stopped();
  // A try under way is given up.
  void stop();

  // After stop(): nothing runs any more, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const { return ended_; }

  [[nodiscard]] const config::Sampling& sampling() const { return sampling_; }

 protected:
  Prober(asio::io_context& io, const config::Sampling& sampling);

  // For a try that begins now.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const;

 private:
  virtual asio::awaitable<void> probe_once() = 0;

  config::Sampling sampling_;
  asio::steady_timer pause_;
  bool stopped_ = false;
  bool ended_ = false;
};

}  // namespace pgrepl::sampling
