// What the coroutines that poll one server share: what is known of it, and how it is reached.
#pragma once

#include "config/config.h"
#include "loop/alarm.h"
#include "loop/tasks.h"
#include "sampling/collection.h"
#include "sampling/credentials.h"
#include "sampling/observer_place.h"
#include "sampling/poll_state.h"
#include "sampling/refusals.h"
#include "session/session.h"

#include <cstdint>
#include <exception>
#include <functional>
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
      session::Network& network,
      const std::optional<std::string>& cluster,
      config::Server configured,
      const config::Sampling& pace,
      SharedQueries queries
  );

  [[nodiscard]] Instant now() const { return loop.now(); }

  // Not connected yet. An empty name is the database of the configuration.
  [[nodiscard]] std::unique_ptr<session::Session> make_session(const std::string& database) const;

  // Opens the session. The error when it is not open then, or when no query serves the server's
  // version; it is `given_up` when our own side closed the session meanwhile.
  asio::awaitable<std::optional<session::QueryError>> connect(session::Session& session);

  // Runs the statements on a session that was open. One that our own side has closed since then
  // gives up all of them; a session that is not open would call that a loss.
  asio::awaitable<std::vector<session::QueryResult>> run(
      session::Session& session, std::vector<pg::Statement> statements, Instant deadline
  );

  // The statement of a tick for the server that the session is connected to.
  [[nodiscard]] Expected<pg::Statement, session::QueryError> tick_statement(
      const session::Session& session
  );

  // The server does not answer: nothing it said before is news.
  void note_failure(cluster::Failure failure);

  // Writes into the log which queries have begun to fail.
  void log_new_failures();

  // A task was ended by an exception: a line in the log and a count, unless `problem` is null.
  void note_ending(const char* task, const std::exception_ptr& problem);

  // Our own side closes sessions: who waits for one has given up.
  void note_closing() { closings_ += 1; }

  // In [0, 1), for pauses that many exporters should not spend alike.
  [[nodiscard]] double fraction() { return std::generate_canonical<double, 24>(random_); }

  const loop::Loop loop;
  const config::Server server;
  const config::Sampling sampling;
  const loop::Tasks tasks;
  PollState state;
  ObserverPlace place;
  loop::Alarm place_known;  // somebody waits until a place is given, or refused
  Collection collection;
  Refusals refusals;
  Credentials credentials;
  std::uint64_t connections_opened = 0;
  std::uint64_t task_failures = 0;
  std::function<void(const char* task)> task_failed = [](const char*) {};
  bool stopped = false;
  bool pooled = false;  // the last connection leads through a pooler

 private:
  session::Network& network_;
  std::uint64_t closings_ = 0;
  std::minstd_rand random_;
};

}  // namespace pgrepl::sampling
