#include "catalogue/databases.h"

#include "support/pattern.h"

#include <algorithm>

namespace pgrepl::catalogue {

bool is_walked(const Query& query, const Databases& databases) {
  return !query.databases.empty() || (query.per_database && !databases.include.empty());
}

bool runs_in(const Query& query, const Databases& databases, const std::string& database) {
  const auto& wanted = query.databases.empty() ? databases.include : query.databases;
  return matches_any(wanted, database) && !matches_any(databases.exclude, database);
}

void name_databases(Catalogue& catalogue, const Databases& databases) {
  constexpr std::string_view kLabel = "datname";
  for (Query& query : catalogue.queries) {
    const auto names_it = [kLabel](const Column& column) {
      return column.usage == ColumnUsage::Label && column.family == kLabel;
    };
    if (is_walked(query, databases) && std::ranges::none_of(query.columns, names_it)) {
      query.columns.push_back(
          {.name = std::string{kLabel}, .usage = ColumnUsage::Label, .family = std::string{kLabel}}
      );
    }
  }
}

}  // namespace pgrepl::catalogue
