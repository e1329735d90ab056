// Watches one server over at most two connections, both kept open: one for the tick, one for the
// catalogue's rounds, so that a slow query never delays the tick. Belongs to the loop's thread.
#pragma once

#include "catalogue/batch.h"
#include "catalogue/query.h"
#include "catalogue/select.h"
#include "cluster/sample.h"
#include "config/config.h"
#include "loop/alarm.h"
#include "pg/result_set.h"
#include "sampling/credentials.h"
#include "sampling/observer_place.h"
#include "sampling/poll_state.h"
#include "sampling/predicates.h"
#include "sampling/queries.h"
#include "sampling/walk.h"
#include "session/session.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::sampling {

// What one query of the catalogue brought, until the next time it is due.
struct Collected {
  const catalogue::Query* query = nullptr;
  std::optional<pg::ResultSet> rows;  // absent when it failed
  std::string error;                  // why
  bool logged = false;                // the failure has been said
  std::optional<double> seconds;      // it took on the server; absent when it was not answered
};

struct PollerCounters {
  std::uint64_t connections_opened = 0;
  std::map<pg::FailureReason, std::uint64_t> errors;
  std::optional<std::uint64_t> databases_left_out;  // by the last walk
};

class Poller {
 public:
  // With the name of a cluster, it shares the server with the other exporters of that cluster.
  Poller(
      loop::Loop loop,
      session::Network& network,
      std::optional<std::string> cluster,
      config::Server server,
      const config::Sampling& sampling,
      SharedQueries queries
  );

  // One turn: reads position, role and senders, over a new connection where that is needed, and
  // pauses until the next tick.
  asio::awaitable<void> tick();

  // No further turn is wanted.
  [[nodiscard]] bool stopped() const { return stopped_; }

  // Runs the queries that are due, a fresh tick first. Returns at `deadline` at the latest; at
  // once for a server that the tick knows not to answer.
  asio::awaitable<void> run_round(Instant deadline);

  // Whether queries wait to be asked in several databases; only after a round.
  [[nodiscard]] bool has_walk();

  // Asks them, in one database after another, each over a connection of its own that is closed
  // before the next opens. A round that begins meanwhile goes first; the rest waits for the next
  // walk.
  asio::awaitable<void> walk();
  // From the next round on; a round under way ends with those it began with.
  void use(SharedQueries queries);

  void stop();

  // After stop(): nothing runs any more, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const {
    return stopped_ && !ticking_ && !round_running_ && !walking_;
  }

  // Whether the server answers, as far as is known at `now`.
  [[nodiscard]] bool answers(Instant now) const { return tick_ && !state_.failure(now); }

  // Of the server, or of a round alone.
  [[nodiscard]] std::optional<cluster::Failure> failure(Instant now) const;

  // Other exporters read the server, so that this one does not.
  [[nodiscard]] bool is_left_to_others(Instant now) const {
    return place_.is_left_to_others() && !state_.failure(now);
  }

  // Whether there is something to say of the server yet.
  [[nodiscard]] bool is_decided(Instant now) const {
    return tick_ || failure(now) || is_left_to_others(now);
  }

  // All that is known of the server at `now`. Nothing older than an unanswered tick is in it.
  [[nodiscard]] cluster::ServerSample sample(Instant now) const;

  // Of the last round; empty while the server does not answer.
  [[nodiscard]] const std::map<std::string, Collected>& collected() const { return collected_; }

  [[nodiscard]] const config::Server& server() const { return server_; }

  [[nodiscard]] const config::Sampling& sampling() const { return sampling_; }

  [[nodiscard]] const PollerCounters& counters() const { return counters_; }

  // Whether this exporter reads the server, or leaves it to others.
  [[nodiscard]] PlaceAt place_at(Instant now) const;

  void want_place(std::optional<Place> wanted) { place_.want(wanted); }

 private:
  [[nodiscard]] Instant now() const { return loop_.now(); }

  void change_queries();

  struct TickAnswer {
    session::QueryResult result;
    Instant sent;
    Instant received;
  };

  struct LostQuery {
    catalogue::DueQuery query;
    session::QueryError error;
  };

  asio::awaitable<void> tick_once();
  // Absent when it is not ours to ask, or what came of it is noted already.
  asio::awaitable<std::optional<TickAnswer>> ask_tick();
  asio::awaitable<void> round_or_again(Instant deadline);
  asio::awaitable<void> round_once(Instant deadline);
  asio::awaitable<void> pause_until(Instant next);
  [[nodiscard]] bool has_new_credentials() const;
  asio::awaitable<void> ask_once();
  // Asks for a place where it has none yet. False when there is nothing more to ask this time.
  asio::awaitable<bool> take_place();
  asio::awaitable<void> wait_for_place(Instant deadline);
  void take_claim(const std::vector<session::QueryResult>& results);
  void step_down();
  void forget_readings();
  asio::awaitable<std::optional<cluster::Failure>> connect(session::Session& session);
  // Which queries run depends on it; once a connection.
  asio::awaitable<void> learn_role(Instant deadline);
  asio::awaitable<void> run_due_queries(Instant deadline);
  // Costs a round trip of its own, when there are predicates to ask.
  asio::awaitable<void> ask_predicates(
      session::Session& session,
      PredicateAnswers& answers,
      const std::vector<catalogue::DueQuery>& due,
      Instant deadline
  );
  // The queries that run.
  std::vector<catalogue::DueQuery> take_predicates(PredicateAnswers::Sorted sorted);
  [[nodiscard]] std::vector<catalogue::DueQuery> due_walks(Instant at) const;
  // True when the way is free by the deadline.
  asio::awaitable<bool> interrupt_walk(Instant deadline);
  asio::awaitable<void> begin_walk();
  asio::awaitable<void> ask_database(std::string database);
  // What the end of the connection cost comes back, the rest is taken.
  asio::awaitable<std::vector<LostQuery>> try_database(
      std::string database, std::vector<catalogue::DueQuery> due
  );
  asio::awaitable<std::vector<LostQuery>> ask_in_database(
      std::string database, std::vector<catalogue::DueQuery> due
  );
  void take_walk_result(
      const std::string& database, const catalogue::Query& query, const session::QueryResult& result
  );
  void note_walk_error(
      const std::string& database, const catalogue::Query& query, const session::QueryError& error
  );
  void end_walk();
  [[nodiscard]] session::SessionOptions session_options() const;
  [[nodiscard]] catalogue::ServerProfile profile() const;
  [[nodiscard]] std::vector<catalogue::DueQuery> select_queries(Instant now);
  void take_tick(const session::QueryResult& result, Instant sent, Instant received);
  void take_round(
      const std::vector<catalogue::DueQuery>& due,
      const catalogue::Batch& batch,
      std::vector<session::QueryResult> results,
      Instant sent
  );
  void take_result(const catalogue::Query& query, session::QueryResult result, Instant sent);
  void feed_model(catalogue::Feeds feeds, const pg::ResultSet& rows, Instant sent);
  void note_failure(cluster::Failure failure);
  void note_round_failure(std::optional<cluster::Failure> failure);
  [[nodiscard]] const pg::Statement& tick_sql(const session::Session& session) const;

  loop::Loop loop_;
  session::Network& network_;
  config::Server server_;
  config::Sampling sampling_;
  SharedQueries queries_;
  SharedQueries next_queries_;  // null when they are to stay
  loop::Alarm pause_;
  std::unique_ptr<session::Session> tick_session_;
  std::unique_ptr<session::Session> round_session_;
  Walk walk_;
  std::unique_ptr<session::Session> walk_session_;
  loop::Alarm walk_pause_;
  bool walking_ = false;
  bool round_waits_ = false;
  PollState state_;
  Credentials credentials_;
  ObserverPlace place_;
  loop::Alarm place_known_;
  std::optional<cluster::ServerTime> seen_start_time_;
  bool stopped_ = false;
  bool round_running_ = false;
  bool ticking_ = false;
  std::optional<cluster::Tick> tick_;
  std::optional<cluster::ServerFacts> facts_;
  std::vector<cluster::ReplicationSlot> slots_;
  std::optional<cluster::Archiver> archiver_;
  std::optional<cluster::DatabaseTotals> totals_;
  cluster::SessionCounts sessions_;
  std::optional<cluster::Failure> round_failure_;
  Instant round_retry_at_;
  std::map<std::string, Collected> collected_;
  catalogue::LastRuns last_runs_;
  PredicateAnswers predicates_;
  PollerCounters counters_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace pgrepl::sampling
