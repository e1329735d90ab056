#include "catalogue/query.h"

#include <algorithm>

namespace pgrepl::catalogue {

const Query* Catalogue::find(std::string_view name) const {
  const auto found = std::ranges::find(queries, name, &Query::name);
  return found == queries.end() ? nullptr : &*found;
}

const Query* Catalogue::feeding(Feeds what) const {
  const auto found = std::ranges::find(queries, what, &Query::feeds);
  return found == queries.end() ? nullptr : &*found;
}

std::vector<std::string_view> Catalogue::names() const {
  std::vector<std::string_view> names;
  for (const Query& query : queries) {
    names.emplace_back(query.name);
  }
  for (const BrokenQuery& query : broken) {
    names.emplace_back(query.name);
  }
  return names;
}

}  // namespace pgrepl::catalogue
