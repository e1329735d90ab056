#include "catalogue/batch.h"

#include <algorithm>

namespace pgrepl::catalogue {

namespace {

using std::chrono::milliseconds;

pg::Statement set_timeout(milliseconds timeout) {
  return pg::Statement::setting("statement_timeout", std::to_string(timeout.count()));
}

// Names of pg_catalog win over those of public, whoever made them.
const pg::Statement& public_surroundings() {
  static const pg::Statement kStatement =
      pg::Statement::setting("search_path", "pg_catalog, public");
  return kStatement;
}

const pg::Statement& own_surroundings() {
  static const pg::Statement kStatement = pg::Statement::setting("search_path", "pg_catalog");
  return kStatement;
}

void append(Batch& batch, std::size_t place, const DueQuery& query, milliseconds of_all) {
  const auto& own = query.query->timeout;
  const bool shorter = own && *own < of_all;
  if (shorter) {
    batch.statements.push_back(set_timeout(*own));
  }
  batch.places.at(place) = batch.statements.size();
  batch.statements.push_back(*query.sql);
  if (shorter) {
    batch.statements.push_back(set_timeout(of_all));
  }
}

}  // namespace

Batch make_batch(
    const pg::Statement& first, const std::vector<DueQuery>& due, milliseconds statement_timeout
) {
  Batch batch{.statements = {first}, .places = std::vector<std::size_t>(due.size())};
  for (const SearchPath path : {SearchPath::PgCatalog, SearchPath::PgCatalogAndPublic}) {
    const bool any = std::ranges::any_of(due, [path](const DueQuery& query) {
      return query.query->search_path == path;
    });
    if (any && path == SearchPath::PgCatalogAndPublic) {
      batch.statements.push_back(public_surroundings());
    }
    for (std::size_t i = 0; i < due.size(); ++i) {
      if (due[i].query->search_path == path) {
        append(batch, i, due[i], statement_timeout);
      }
    }
    if (any && path == SearchPath::PgCatalogAndPublic) {
      batch.statements.push_back(own_surroundings());
    }
  }
  return batch;
}

Batch make_predicate_batch(const std::vector<std::string>& predicates) {
  Batch batch{.statements = {public_surroundings()}, .places = {}};
  for (const std::string& sql : predicates) {
    batch.places.push_back(batch.statements.size());
    batch.statements.emplace_back(sql);
  }
  batch.statements.push_back(own_surroundings());
  return batch;
}

}  // namespace pgrepl::catalogue
