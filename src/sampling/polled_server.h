// What the coroutines that poll one server share: what is known of it, and how it is reached.
#pragma once

#include "config/config.h"
#include "loop/alarm.h"
#include "loop/supervisor.h"
#include "loop/tasks.h"
#include "sampling/collection.h"
#include "sampling/observer_place.h"
#include "sampling/poll_state.h"
#include "sampling/refusals.h"
#include "sampling/server_session.h"
#include "session/session.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::sampling {

class PolledServer {
 public:
  // With the name of a cluster, it is shared with the other exporters of that cluster.
  PolledServer(
      loop::Loop loop_of_all,
      loop::Supervisor& supervisor_of_all,
      session::Network& network,
      const std::optional<std::string>& cluster,
      config::Server configured,
      const config::Sampling& pace,
      SharedQueries queries
  );

  [[nodiscard]] Instant now() const { return loop.now(); }

  // Not connected yet. An empty name is the database of the configuration.
  [[nodiscard]] std::unique_ptr<ServerSession> make_session(const std::string& database) const;

  // Opens the session. The error when it is not open then, or when no query serves the server's
  // version; it is `given_up` when our own side closed the session meanwhile.
  asio::awaitable<std::optional<session::QueryError>> connect(session::Session& session);

  // The statement of a tick for the server that the session is connected to.
  [[nodiscard]] Expected<pg::Statement, session::QueryError> tick_statement(
      const session::Session& session
  );

  // The server does not answer: nothing it said before is news.
  void note_failure(cluster::Failure failure);

  // Writes into the log which queries have begun to fail.
  void log_new_failures();

  // In [0, 1), for pauses that many exporters should not spend alike.
  [[nodiscard]] double fraction() { return std::generate_canonical<double, 24>(random_); }

  const loop::Loop loop;
  loop::Supervisor& supervisor;
  const config::Server server;
  const config::Sampling sampling;
  const loop::Tasks tasks;
  PollState state;
  ObserverPlace place;
  loop::Alarm place_known;  // somebody waits until a place is given, or refused
  Collection collection;
  Refusals refusals;
  std::uint64_t connections_opened = 0;
  bool stopped = false;
  bool pooled = false;  // the last connection leads through a pooler

 private:
  session::Network& network_;
  std::minstd_rand random_;
};

}  // namespace pgrepl::sampling
