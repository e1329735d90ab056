// Tries something from outside, as its users do, again and again.
#pragma once

#include "config/config.h"
#include "loop/alarm.h"

#include <chrono>

#include <asio/awaitable.hpp>

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
  Prober(loop::Loop loop, const config::Sampling& sampling);

  [[nodiscard]] loop::Instant now() const { return loop_.now(); }

  // For a try that begins now.
  [[nodiscard]] loop::Instant deadline() const;

 private:
  virtual asio::awaitable<void> probe_once() = 0;

  loop::Loop loop_;
  config::Sampling sampling_;
  loop::Alarm alarm_;
  bool stopped_ = false;
  bool ended_ = false;
};

}  // namespace pgrepl::sampling
