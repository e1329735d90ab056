#include "sampling/database_walk.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pgrepl::sampling {

Route plan_route(
    const std::vector<std::string>& all,
    const std::vector<catalogue::DueQuery>& queries,
    const catalogue::Databases& databases
) {
  Route route;
  for (const std::string& database : all) {
    const bool wanted = std::ranges::any_of(queries, [&](const catalogue::DueQuery& query) {
      return runs_in(*query.query, databases, database);
    });
    if (wanted && route.databases.size() < catalogue::kMostDatabases) {
      route.databases.push_back(database);
    } else if (wanted) {
      route.left_out += 1;
    }
  }
  return route;
}

void DatabaseWalk::begin(
    Instant now,
    std::vector<catalogue::DueQuery> queries,
    std::deque<std::string> route,
    catalogue::Databases databases
) {
  abandon();
  under_way_ = true;
  began_ = now;
  queries_ = std::move(queries);
  left_ = std::move(route);
  databases_ = std::move(databases);
}

void DatabaseWalk::abandon() {
  under_way_ = false;
  second_try_ = false;
  queries_.clear();
  left_.clear();
  turn_ = {};
  asked_ = false;
  lost_.clear();
  rows_.clear();
  failed_.clear();
}

bool DatabaseWalk::has_more() {
  if (std::exchange(asked_, false)) {
    close_turn();
  }
  while (turn_.queries.empty() && !left_.empty()) {
    turn_.database = std::move(left_.front());
    left_.pop_front();
    second_try_ = false;
    std::ranges::copy_if(
        queries_,
        std::back_inserter(turn_.queries),
        [this](const catalogue::DueQuery& query) {
          return catalogue::runs_in(*query.query, databases_, turn_.database);
        }
    );
  }
  return !turn_.queries.empty();
}

DatabaseWalk::Turn DatabaseWalk::begin_turn() {
  asked_ = true;
  return turn_;
}

// Leaves in the turn what its database is to be asked again.
void DatabaseWalk::close_turn() {
  turn_.queries.clear();
  bool ended_by_others = false;
  for (Lost& lost : std::exchange(lost_, {})) {
    if (lost.error.given_up || !second_try_) {
      turn_.queries.push_back(lost.query);
    } else {
      note(*lost.query.query, lost.error);
    }
    if (!lost.error.given_up && !second_try_ && !ended_by_others) {
      ended_by_others = true;
      errors_[lost.error.reason] += 1;
    }
  }
  second_try_ = second_try_ || ended_by_others;
}

void DatabaseWalk::take(const catalogue::DueQuery& query, session::QueryResult result) {
  if (!under_way_) {
    return;
  }
  if (session::was_given_up(result) || session::lost_connection(result)) {
    lost_.push_back({query, std::move(result.error())});
  } else if (!result) {
    note(*query.query, result.error());
  } else if (!rows_[query.query->name].add(turn_.database, *result)) {
    session::QueryError error{.message = "has other columns than the databases before it"};
    note(*query.query, error);
  }
}

void DatabaseWalk::take_refusal(const session::QueryError& error) {
  for (const catalogue::DueQuery& query : turn_.queries) {
    if (error.given_up) {
      lost_.push_back({query, error});
    } else {
      note(*query.query, error);
    }
  }
}

void DatabaseWalk::note(const catalogue::Query& query, const session::QueryError& error) {
  errors_[error.reason] += 1;
  failed_[query.name] = turn_.database + ": " + error.message;
}

// A database that failed costs its own rows; the query counts as failed when all did.
std::vector<WalkedQuery> DatabaseWalk::finish() {
  std::vector<WalkedQuery> walked;
  for (const catalogue::DueQuery& query : queries_) {
    const std::string& name = query.query->name;
    WalkedQuery brought{.query = query.query, .rows = rows_[name].merged(), .began = began_};
    if (const auto failed = failed_.find(name); failed != failed_.end()) {
      brought.error = failed->second;
    } else if (!brought.rows) {
      brought.rows = pg::ResultSet{{}};
    }
    walked.push_back(std::move(brought));
  }
  abandon();
  return walked;
}

}  // namespace pgrepl::sampling
