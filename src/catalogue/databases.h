// Which queries run in which databases of a server, beside the one that its connection is to.
#pragma once

#include "catalogue/query.h"

#include <span>
#include <string>
#include <vector>

namespace pgrepl::catalogue {

// What the user asked for, as patterns of names. Without `include`, a query that is per database
// runs in the connection's own, unless it names others itself.
struct Databases {
  std::vector<std::string> include;
  std::vector<std::string> exclude;
};

// Of one server, the databases beyond this number, in the order of their names, are left out.
inline constexpr std::size_t kMostDatabases = 100;

// Whether a query is asked in each of its databases instead of in the connection's own.
[[nodiscard]] bool is_walked(const Query& query, const Databases& databases);

// Whether a query that is walked runs in a database.
[[nodiscard]] bool runs_in(
    const Query& query, const Databases& databases, const std::string& database
);

// Gives the queries that are walked a label `datname`, where they have none.
void name_databases(Catalogue& catalogue, const Databases& databases);

}  // namespace pgrepl::catalogue
