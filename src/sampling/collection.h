// What the queries of one server have brought, and which of them are due. It takes answers with
// their times and reads no clock itself.
//
// Four rules hold for all that it takes:
// * A reading is dated by its own answer, and an older one never replaces a newer one.
// * What was asked before the readings were forgotten is of another time, and changes nothing.
// * A query whose answer is too large rests for five minutes, since it costs its connection.
// * An answer that our own side gave up changes nothing: nobody knows what it would have been.
#pragma once

#include "catalogue/batch.h"
#include "catalogue/query.h"
#include "catalogue/select.h"
#include "cluster/sample.h"
#include "pg/result_set.h"
#include "sampling/database_walk.h"
#include "sampling/error_counts.h"
#include "sampling/predicates.h"
#include "sampling/queries.h"
#include "session/query_error.h"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::sampling {

// What one query of the catalogue brought, until the next time it is due.
struct Collected {
  const catalogue::Query* query = nullptr;
  std::optional<pg::ResultSet> rows;  // absent when it failed
  std::string error;                  // why
  bool logged = false;                // the failure has been said
  std::optional<double> seconds;      // it took on the server; absent when it was not answered
  bool refused = false;               // it failed, for a function that the server refuses
  std::size_t series = 0;             // at most so many come of the rows
  SharedQueries of{};                 // what `query` is one of
};

// What a batch of statements brought.
struct BatchAnswers {
  std::vector<session::QueryResult> results;
  std::vector<std::chrono::duration<double>> durations;  // of as many as were answered
  pg::ServerVersion version;                             // of the server that answered
  Instant sent;
  Instant received;  // the last of them
};

// What the answer to a tick says of its server. With neither, nothing is known that was not before.
struct TickVerdict {
  bool answered = false;
  std::optional<cluster::Failure> failure{};
};

// A query that has failed and did not fail the last time, for the log.
struct NewFailure {
  std::string query;
  std::string reason;
};

// Of results in the order of their statements: why the session ended under them. Null when it did
// not, or when our own side closed it.
[[nodiscard]] const session::QueryError* find_loss(std::span<const session::QueryResult> results);

// The error that ended the connection: its loss, or an answer that was too large. Null when there
// is none, or when we closed it.
[[nodiscard]] const session::QueryError* find_end(std::span<const session::QueryResult> results);

class Collection {
 public:
  // A round that failed is tried again after a tick; one that was refused for its credentials or
  // for the server's version after ten.
  Collection(SharedQueries queries, std::chrono::milliseconds tick);

  [[nodiscard]] const Queries& queries() const { return *queries_; }

  // What was collected can be shown until the next round begins, which asks everything anew. The
  // model keeps what it learnt.
  void use(SharedQueries queries);

  // Null when no query for the tick serves this version.
  [[nodiscard]] const pg::Statement* tick_sql(pg::ServerVersion version) const;

  // Which queries to ask at `now`. Forgets those that are not for this version and role, so that
  // nothing of a standby is shown of a primary.
  [[nodiscard]] std::vector<catalogue::DueQuery> due(pg::ServerVersion version, Instant now);

  // The same for the queries that are asked in several databases.
  [[nodiscard]] std::vector<catalogue::DueQuery> due_walks(pg::ServerVersion version, Instant now)
      const;

  [[nodiscard]] PredicateAnswers& predicates() { return predicates_; }

  // Of `due`, those whose predicates hold. The others are noted, as skipped or as failed. After all
  // predicates were answered.
  [[nodiscard]] std::vector<catalogue::DueQuery> runnable(
      const std::vector<catalogue::DueQuery>& due, Instant now
  );

  // The answer to the tick's statement.
  [[nodiscard]] TickVerdict take_tick(
      const session::QueryResult& result, Instant sent, Instant received
  );

  // The answers to `batch`, which was made of `due`; its first statement was the tick's. A loss of
  // the connection is a failure of the round, and the queries it cost are due again.
  void take_round(
      const std::vector<catalogue::DueQuery>& due,
      const catalogue::Batch& batch,
      BatchAnswers answers
  );

  // The round came to nothing at `now`.
  void fail_round(const session::QueryError& error, Instant now);

  void take_walk(std::vector<WalkedQuery> walked);

  // A login has worked, so that the next round need not wait.
  void allow_round() { round_retry_at_ = {}; }

  // The server has come back: what a round found before says nothing of it.
  void forget_round_failure() { round_failure_.reset(); }

  [[nodiscard]] const std::optional<cluster::Failure>& round_failure() const {
    return round_failure_;
  }

  // It is too soon after a failure for another round.
  [[nodiscard]] bool round_rests(Instant now) const {
    return round_failure_ && now < round_retry_at_;
  }

  // The server does not answer since `now`: nothing it said is news, but the facts that seldom
  // change.
  void forget(Instant now);

  // It was asked before the readings were forgotten, so that nothing may come of it any more.
  [[nodiscard]] bool is_of_another_time(Instant sent) const {
    return forgotten_at_ && sent < *forgotten_at_;
  }

  [[nodiscard]] const std::optional<cluster::Tick>& tick() const { return tick_; }

  // Fills in what the model takes from a server's answers.
  void describe(cluster::ServerSample& sample) const;

  [[nodiscard]] const std::map<std::string, Collected>& collected() const { return collected_; }

  [[nodiscard]] ErrorCounts& errors() { return errors_; }

  [[nodiscard]] const ErrorCounts& errors() const { return errors_; }

  // Those since the last call.
  [[nodiscard]] std::vector<NewFailure> take_news();

 private:
  // One query's part of a batch.
  struct Answer {
    session::QueryResult result;
    std::optional<double> seconds{};
    pg::ServerVersion version{};
    Instant sent{};
  };

  [[nodiscard]] catalogue::ServerProfile profile(pg::ServerVersion version) const;
  void keep_tick(cluster::Tick tick);
  void take_answer(const catalogue::Query& query, Answer answer);
  [[nodiscard]] bool has_room_for(const std::string& query, std::size_t series) const;
  void fail_answer(const catalogue::Query& query, Collected kept, const session::QueryError& why);
  void take_failure(const catalogue::Query& query, Collected kept, bool worth_a_line);
  void feed_model(catalogue::Feeds feeds, const pg::ResultSet& rows, const Answer& answer);

  SharedQueries queries_;
  std::chrono::milliseconds tick_length_;
  std::optional<cluster::Tick> tick_;
  std::optional<cluster::ServerFacts> facts_;
  std::vector<cluster::ReplicationSlot> slots_;
  std::optional<Instant> slots_read_at_;
  std::optional<cluster::WalFiles> wal_files_;
  cluster::Seen<cluster::SyncWaits> sync_waits_;
  std::optional<cluster::Archiver> archiver_;
  std::optional<cluster::DatabaseTotals> totals_;
  cluster::SessionCounts sessions_;
  std::optional<Instant> forgotten_at_;
  std::optional<cluster::Failure> round_failure_;
  Instant round_retry_at_;
  std::map<std::string, Collected> collected_;
  catalogue::LastRuns last_runs_;
  std::map<std::string, Instant> rest_until_;  // queries whose answers are too large
  PredicateAnswers predicates_;
  ErrorCounts errors_;
  std::vector<NewFailure> news_;
};

}  // namespace pgrepl::sampling
