#include "start/query_switches.h"

#include "support/suggest.h"

#include <algorithm>

namespace pgrepl {

Errors find_unknown_queries(const config::Queries& queries, const catalogue::Catalogue& catalogue) {
  const auto names = catalogue.names();
  Errors errors;
  const std::pair<const char*, const std::vector<std::string>&> lists[] = {
      {"queries.enable", queries.enable}, {"queries.disable", queries.disable}};
  for (const auto& [list, wanted] : lists) {
    for (const std::string& name : wanted) {
      if (std::ranges::find(names, name) != names.end()) {
        continue;
      }
      const auto meant = closest(name, names);
      errors.push_back(
          {{.file = list},
           "no query is called '" + name + "'" +
               (meant ? "; did you mean '" + *meant + "'?" : "; see docs/metrics.md")}
      );
    }
  }
  return errors;
}

catalogue::Switches to_switches(
    const config::Queries& queries, const catalogue::Catalogue& catalogue
) {
  catalogue::Switches switches{
      .enabled = {queries.enable.begin(), queries.enable.end()},
      .disabled = {queries.disable.begin(), queries.disable.end()},
      .databases = {queries.include_databases, queries.exclude_databases},
  };
  for (const catalogue::Query& query : catalogue.queries) {
    if (queries.legacy_names && query.name.starts_with("legacy_")) {
      switches.enabled.insert(query.name);
    }
  }
  return switches;
}

}  // namespace pgrepl
