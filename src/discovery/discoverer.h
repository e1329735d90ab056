// Keeps the roster of one cluster up to date: asks each source at its own pace.
#pragma once

#include "config/config.h"
#include "discovery/replication.h"
#include "discovery/roster.h"
#include "discovery/source.h"
#include "fetch/outside.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::discovery {

class Discoverer {
 public:
  // `timeout` is for each question to a source.
  Discoverer(
      fetch::Outside outside, const config::Cluster& configured, std::chrono::milliseconds timeout
  );

  // How many sources run on their own; each needs its ask_until_stopped().
  [[nodiscard]] std::size_t sources() const { return asked_.size(); }

  asio::awaitable<void> ask_until_stopped(std::size_t source);
  void stop();

  // After stop(): nothing runs any more, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const { return ended_ == asked_.size(); }

  [[nodiscard]] std::chrono::milliseconds timeout() const { return timeout_; }

  // What the sources that both have said to the one before stays valid until they answer anew.
  void take_over(const Discoverer& before);

  // The servers to watch from now on, given what the watched ones show.
  std::vector<config::Server> update(std::span<const Sighting> sightings, Instant now);

  // Why servers may be missing; absent while every source answers.
  [[nodiscard]] std::optional<std::string> failure() const;

 private:
  struct Asked {
    std::size_t number;  // in the roster
    std::unique_ptr<Source> source;
    std::unique_ptr<loop::Alarm> alarm;
  };

  struct Follower {
    std::size_t number;  // in the roster
    config::ReplicationDiscovery configured;
    Instant next{};
    std::set<std::string> reported{};  // refused addresses that have been said
  };

  void follow(Follower& follower, std::span<const Sighting> sightings, Instant now);

  loop::Loop loop_;
  std::vector<config::Discovery> configured_;
  std::chrono::milliseconds timeout_;
  Roster roster_;
  std::vector<Asked> asked_;
  std::vector<Follower> followers_;
  bool stopped_ = false;
  std::size_t ended_ = 0;  // of the asked ones
};

}  // namespace pgrepl::discovery
