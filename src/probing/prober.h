// Tries something from outside, as its users do, again and again, and keeps what came of the last
// try. What happens when a try throws is in failed(): the answer before it is forgotten, since
// nobody knows whether it still holds.
#pragma once

#include "cluster/endpoint.h"
#include "cluster/pgbouncer.h"
#include "config/config.h"
#include "loop/alarm.h"

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::probing {

// What is probed, as it is configured: one alternative for each kind.
using Target = std::variant<config::Endpoint, config::PgBouncer>;

// What all probers of one cluster have to say.
struct Answers {
  std::vector<cluster::EndpointProbe> endpoints;
  std::vector<cluster::PgBouncerProbe> pgbouncers;
};

class Prober {
 public:
  virtual ~Prober() = default;
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // Of its kind: what the log and the count of failed tasks call it.
  [[nodiscard]] virtual const char* kind() const = 0;

  // One try, and the pause after it. A try begins at every tick, but not more often than once a
  // second: each one is a line in somebody's log.
  asio::awaitable<void> turn();

  // A try under way is given up, a pause ends, and no further try is wanted.
  void stop();

  [[nodiscard]] bool is_stopped() const { return stopped_; }

  // No try is under way, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const { return stopped_ && !in_turn_; }

  // A try ended by an exception: the probe has failed, for that reason.
  virtual void failed(const std::string& why) = 0;

  // Adds what came of the last try.
  virtual void tell(Answers& answers) const = 0;

  // While other exporters observe the cluster. Nothing by default.
  virtual void leave_to_others() {}

  virtual void take_back() {}

  // Whether it does already what one made for these would do.
  [[nodiscard]] bool serves(const Target& target, const config::Sampling& sampling) const {
    return target_ == target && sampling_ == sampling;
  }

 protected:
  Prober(loop::Loop loop, Target target, const config::Sampling& sampling);

  [[nodiscard]] loop::Instant now() const { return loop_.now(); }

  // For a try that begins now.
  [[nodiscard]] loop::Instant deadline() const { return now() + sampling_.connect_timeout; }

 private:
  virtual asio::awaitable<void> probe_once() = 0;

  loop::Loop loop_;
  Target target_;
  config::Sampling sampling_;
  loop::Alarm alarm_;
  bool stopped_ = false;
  bool in_turn_ = false;
};

}  // namespace pgrepl::probing
