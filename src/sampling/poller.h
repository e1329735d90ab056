// Watches one server over at most two connections, both kept open: one for the tick, one for the
// catalogue's rounds, so that a slow query never delays the tick. Belongs to the loop's thread.
//
// Who is who, of one server:
//
//   Poller         what others hold and ask; owns the three below
//   PolledServer   what is known of the server, shared by the two that ask it
//   Ticker         asks it at every tick, over its own ServerSession
//   RoundPoller    runs the rounds over another, and hands it to a DatabaseWalker
//   ServerSession  a session::Session, and the password file it logged in with
//
// These obey. What they decide by is in machines without I/O: PollState, ObserverPlace, RoundGate,
// DatabaseWalk and Collection. What runs by itself, a round or a walk, runs under the Supervisor:
// an exception costs that one only.
#pragma once

#include "cluster/sample.h"
#include "config/config.h"
#include "loop/supervisor.h"
#include "loop/tasks.h"
#include "sampling/collection.h"
#include "sampling/polled_server.h"
#include "sampling/queries.h"
#include "sampling/round_poller.h"
#include "sampling/ticker.h"
#include "session/session.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>

namespace pgrepl::sampling {

struct PollerCounters {
  std::uint64_t connections_opened = 0;
  ErrorCounts errors;
  std::optional<std::uint64_t> databases_left_out;  // by the last walk
};

class Poller {
 public:
  // With the name of a cluster, it shares the server with the other exporters of that cluster.
  Poller(
      loop::Loop loop,
      loop::Supervisor& supervisor,
      session::Network& network,
      const std::optional<std::string>& cluster,
      config::Server server,
      const config::Sampling& sampling,
      SharedQueries queries
  );

  // One turn of the tick: reads position, role and senders, connects before where that is needed,
  // and waits until the next tick is due. For whoever repeats it until stopped().
  asio::awaitable<void> tick();

  // After a turn that threw: nobody knows what its connection was about to say.
  void tick_failed() { ticker_.close(); }

  // Runs the queries that are due, with a fresh tick, and returns when they are answered or at
  // `deadline`. Who comes while a round runs joins it. A round goes on without the caller who left
  // it, for no longer than `sampling.timeout`. Returns at once for a server that the tick knows not
  // to answer.
  asio::awaitable<void> run_round(Instant deadline);

  // The same; false when `deadline` came first, and the round goes on without the caller.
  asio::awaitable<bool> ask_round(Instant deadline);

  // Whether queries wait to be asked in several databases; only after a round.
  [[nodiscard]] bool has_walk() const { return rounds_.has_walk(); }

  // Asks them, in one database after another, each over a connection of its own that is closed
  // before the next opens. A round that begins meanwhile goes first; the rest waits for the next
  // walk.
  asio::awaitable<void> walk();

  // From the next round on; a round under way ends with those it began with.
  void use(SharedQueries queries) { rounds_.use(std::move(queries)); }

  // Closes the connections, and ends all that waits.
  void stop();

  [[nodiscard]] bool stopped() const { return polled_.stopped; }

  // After stop(): nothing runs any more, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const { return polled_.stopped && polled_.tasks.none(); }

  // stop(), and waits for a round that nobody waits for any more. For whoever neither ticks nor
  // walks: has_ended() then.
  asio::awaitable<void> end();

  // Whether the server answers, as far as is known at `now`.
  [[nodiscard]] bool answers(Instant now) const {
    return polled_.collection.tick() && !polled_.state.failure(now);
  }

  // Of the server, or of a round alone.
  [[nodiscard]] std::optional<cluster::Failure> failure(Instant now) const;

  // Other exporters read the server, so that this one does not.
  [[nodiscard]] bool is_left_to_others(Instant now) const {
    return polled_.place.is_left_to_others() && !polled_.state.failure(now);
  }

  // Whether there is something to say of the server yet.
  [[nodiscard]] bool is_decided(Instant now) const {
    return polled_.collection.tick() || failure(now) || is_left_to_others(now);
  }

  // All that is known of the server at `now`. Nothing older than an unanswered tick is in it.
  [[nodiscard]] cluster::ServerSample sample(Instant now) const;

  // Of the last round. Empty while the server does not answer, and while a round takes longer than
  // it may. Views into it live until the loop goes on.
  [[nodiscard]] const std::map<std::string, Collected>& collected(Instant now) const;

  [[nodiscard]] const config::Server& server() const { return polled_.server; }

  [[nodiscard]] const config::Sampling& sampling() const { return polled_.sampling; }

  [[nodiscard]] PollerCounters counters() const;

  // Whether this exporter reads the server, or leaves it to others.
  [[nodiscard]] PlaceAt place_at(Instant now) const;

  void want_place(std::optional<Place> wanted) { polled_.place.want(wanted); }

 private:
  // Each is counted from its call, before its first step, until its frame is gone.
  using Running = loop::Tasks::Running;
  asio::awaitable<void> tick_as(Running running);
  asio::awaitable<bool> join_round_as(Running running, Instant deadline);
  static asio::awaitable<void> join_round_and_forget(asio::awaitable<bool> round);
  asio::awaitable<void> walk_as(Running running);
  void step_down();
  [[nodiscard]] std::map<std::string, bool> capabilities(Instant now) const;

  PolledServer polled_;
  Ticker ticker_;
  RoundPoller rounds_;
};

}  // namespace pgrepl::sampling
