#include "sampling/walk.h"

#include <algorithm>

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

}  // namespace pgrepl::sampling
