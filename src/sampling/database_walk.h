// A walk through the databases of one server: which is asked next, what has come of it, and when it
// is over. Decisions only: the walker obeys, tests drive it step by step.
#pragma once

#include "catalogue/select.h"
#include "sampling/database_rows.h"
#include "sampling/error_counts.h"
#include "session/query_error.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::sampling {

using catalogue::Instant;

// Of `all`, those in which at least one of the queries runs, and at most kMostDatabases.
struct Route {
  std::deque<std::string> databases;
  std::size_t left_out = 0;
};

[[nodiscard]] Route plan_route(
    const std::vector<std::string>& all,
    const std::vector<catalogue::DueQuery>& queries,
    const catalogue::Databases& databases
);

// What one query brought from all its databases.
struct WalkedQuery {
  const catalogue::Query* query = nullptr;
  std::optional<pg::ResultSet> rows;  // absent when every database failed
  std::string error;                  // of the database that failed last; empty when none did
  Instant began;                      // of the walk
};

class DatabaseWalk {
 public:
  // One connection to one database, and what is asked over it.
  struct Turn {
    std::string database;
    std::vector<catalogue::DueQuery> queries;
  };

  // Failures are counted in `errors`, which outlives the walk.
  explicit DatabaseWalk(ErrorCounts& errors) : errors_(errors) {}

  void begin(
      Instant now,
      std::vector<catalogue::DueQuery> queries,
      std::deque<std::string> route,
      catalogue::Databases databases
  );

  // Begun and neither finished nor abandoned.
  [[nodiscard]] bool is_under_way() const { return under_way_; }

  // Forgets the walk; nothing comes of it.
  void abandon();

  [[nodiscard]] Instant began() const { return began_; }

  // Whether there is something to ask still. What the last turn's connection took with it is asked
  // once more over a new one: that a connection ended says nothing against the query. What our own
  // side gave up is asked as if it had not been.
  [[nodiscard]] bool has_more();

  // After has_more(): whom to ask next.
  [[nodiscard]] Turn begin_turn();

  // What came of one query of the present turn.
  void take(const catalogue::DueQuery& query, session::QueryResult result);

  // The same for all of them: there was no connection.
  void take_refusal(const session::QueryError& error);

  // Once there is no more: what all queries brought. The walk is over.
  [[nodiscard]] std::vector<WalkedQuery> finish();

 private:
  struct Lost {
    catalogue::DueQuery query;
    session::QueryError error;
  };

  void close_turn();
  void note(const catalogue::Query& query, const session::QueryError& error);

  ErrorCounts& errors_;
  bool under_way_ = false;
  Instant began_;
  std::vector<catalogue::DueQuery> queries_;
  std::deque<std::string> left_;  // databases that are still to be asked
  catalogue::Databases databases_;
  Turn turn_;
  bool asked_ = false;  // the turn has begun
  bool second_try_ = false;
  std::vector<Lost> lost_;                     // by the present turn
  std::map<std::string, DatabaseRows> rows_;   // by query
  std::map<std::string, std::string> failed_;  // likewise: what a database said last
};

}  // namespace pgrepl::sampling
