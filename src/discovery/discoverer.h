// Keeps the roster of one cluster up to date: asks each source at its own pace.
#pragma once

#include "config/config.h"
#include "discovery/refused.h"
#include "discovery/replication.h"
#include "discovery/roster.h"
#include "discovery/source.h"
#include "fetch/outside.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::discovery {

class Discoverer {
 public:
  // `timeout` is for each question to a source. At most `most` servers are watched beside the
  // configured ones (limits.discovered_servers).
  Discoverer(
      fetch::Outside outside,
      const config::Cluster& configured,
      std::chrono::milliseconds timeout,
      std::size_t most = Roster::kMost
  );

  [[nodiscard]] std::size_t most() const { return most_; }

  // How many sources are asked, each for itself, by turns.
  [[nodiscard]] std::size_t sources() const { return asked_.size(); }

  // Asks one source once, and pauses until it is to be asked again.
  asio::awaitable<void> turn(std::size_t source);

  // A turn of this source ended by an exception, and why. Like any answer that fails: the servers
  // that it named before stay, and failure() says why nothing newer is known.
  void failed(std::size_t source, const std::string& why);

  // Questions under way are given up, pauses end, and no further turn is wanted.
  void stop();

  [[nodiscard]] bool is_stopped() const { return stopped_; }

  // No question is under way, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const;

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
    bool in_turn = false;
  };

  struct Follower {
    std::size_t number;  // in the roster
    config::ReplicationDiscovery configured;
    Instant next{};
    Refused refused{};
  };

  void follow(Follower& follower, std::span<const Sighting> sightings, Instant now);

  loop::Loop loop_;
  std::vector<config::Discovery> configured_;
  std::chrono::milliseconds timeout_;
  std::size_t most_;
  Roster roster_;
  std::vector<Asked> asked_;
  std::vector<Follower> followers_;
  bool stopped_ = false;
};

}  // namespace pgrepl::discovery
