// What a server of the world answers to the statements of the exporter, which it knows by their
// text. Columns that are not modelled are NULL, statements that are not known bring no rows.
#pragma once

#include "catalogue/query.h"
#include "pg/result_set.h"
#include "simulation/world.h"

#include <map>
#include <optional>
#include <string>

namespace pgrepl::simulation {

class Recipes {
 public:
  explicit Recipes(const catalogue::Catalogue& catalogue);

  // Null when no query of the catalogue has that text.
  [[nodiscard]] const catalogue::Query* find(const pg::Statement& statement) const;

 private:
  std::map<pg::Statement::Id, const catalogue::Query*> by_text_;
};

// Of a statement that arrives at `id` over `backend`. `query` is null for what the catalogue does
// not have. May take or give back advisory locks.
[[nodiscard]] pg::ResultSet answer(
    World& world,
    NodeId id,
    std::uint64_t backend,
    const catalogue::Query* query,
    const std::string& sql
);

}  // namespace pgrepl::simulation
