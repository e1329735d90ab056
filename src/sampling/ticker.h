// Asks one server at every tick, over a connection of its own, and holds the place among the
// exporters that read it.
#pragma once

#include "loop/alarm.h"
#include "sampling/polled_server.h"
#include "session/session.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::sampling {

class Ticker {
 public:
  explicit Ticker(PolledServer& polled);

  // Asks once, connects before where that is needed, and waits until the next tick is due. Returns
  // early when the server is polled no more.
  asio::awaitable<void> turn();

  // Ends what is under way.
  void close();

  // Ends the pause between two ticks.
  void wake() { pause_.cancel(); }

  [[nodiscard]] const std::vector<std::string>& addresses() const { return session_->addresses(); }

  // When the server started, as a login said that was not for reading it.
  [[nodiscard]] std::optional<cluster::ServerTime> seen_start_time() const {
    return seen_start_time_;
  }

 private:
  struct Answer {
    session::QueryResult result;
    Instant sent;
    Instant received;
  };

  asio::awaitable<void> ask_with_second_try();
  // Absent when the server is not ours to ask, or when what came of it is noted already.
  asio::awaitable<std::optional<Answer>> ask();
  // Asks for a place where there is none yet. False when there is nothing more to ask this time;
  // the error when the connection was lost.
  asio::awaitable<Expected<bool, session::QueryError>> take_place();
  void take_claim(const std::vector<session::QueryResult>& results);
  void note_pooling();
  // A login was all that is to be known of the server.
  void leave_to_others();
  void take(const Answer& answer);
  asio::awaitable<void> pause_until(Instant next);
  [[nodiscard]] bool has_new_credentials() const;

  PolledServer& polled_;
  loop::Alarm pause_;
  std::unique_ptr<ServerSession> session_;
  std::optional<cluster::ServerTime> seen_start_time_;
};

// Says in the log whether this exporter reads the server.
void log_place(const std::string& server, Place place);

// Says in the log that the server is reached through a pooler, or that it is so no more.
void log_pooling(const std::string& server, bool pooled);

}  // namespace pgrepl::sampling
