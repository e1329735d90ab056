// A walk through the databases of one server: how far it is and what it has brought.
#pragma once

#include "catalogue/select.h"
#include "sampling/database_rows.h"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace pgrepl::sampling {

using catalogue::Instant;

struct Walk {
  Instant began;
  std::vector<catalogue::DueQuery> queries;
  std::deque<std::string> left;               // databases that are still to be asked
  std::map<std::string, DatabaseRows> rows;   // by query
  std::map<std::string, std::string> errors;  // likewise: what a database said last
};

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

}  // namespace pgrepl::sampling
