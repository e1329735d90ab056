// Which queries to run on a server now, and in which variant.
#pragma once

#include "catalogue/databases.h"
#include "catalogue/query.h"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pgrepl::catalogue {

using Instant = std::chrono::steady_clock::time_point;

struct ServerProfile {
  pg::ServerVersion version;
  std::optional<Role> role;  // absent before the server has said it
};

struct DueQuery {
  const Query* query;
  const pg::Statement* sql;
};

// What the user decided, whatever the catalogue says.
struct Switches {
  std::set<std::string> enabled;   // names of queries
  std::set<std::string> disabled;  // likewise
  Databases databases;
};

// When each query last ran on one server, by its name.
using LastRuns = std::map<std::string, Instant>;

// The SQL for a version; null when the query has none for it. Majors beyond the newest supported
// one are served like that.
[[nodiscard]] const pg::Statement* variant_for(const Query& query, pg::ServerVersion version);

// Whether a query is for such a server at all. One that is for one role waits until it is known.
[[nodiscard]] bool applies(
    const Query& query, const ServerProfile& server, const Switches& switches
);

// Where queries are asked: in the connection's database, or in several, for which once a minute is
// the most.
enum class Reach : std::uint8_t { Connection, Databases };

// The tick is not among them: it has its own rhythm.
[[nodiscard]] std::vector<DueQuery> select_due(
    const Catalogue& catalogue,
    const ServerProfile& server,
    const Switches& switches,
    const LastRuns& last_runs,
    Instant now,
    Reach reach = Reach::Connection
);

}  // namespace pgrepl::catalogue
