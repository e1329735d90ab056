// Query files → the catalogue. Every rule of a query is checked here; what the SQL means to a
// server is checked by running it.
#pragma once

#include "catalogue/query.h"
#include "support/errors.h"
#include "support/expected.h"

#include <span>
#include <string>

namespace pgrepl::catalogue {

struct SourceText {
  std::string name;  // shown in errors
  std::string text;
  bool from_user = false;  // and not built in
};

// A query of a later file replaces that of the same name in an earlier one; twice in one file is a
// mistake. What is wrong with one query costs that query, a file that is no YAML costs the file:
// both are in the catalogue's `broken`. The error says that the model itself would go without.
// Files of postgres_exporter, CloudNativePG and pg_exporter are known by their shape.
[[nodiscard]] Expected<Catalogue, Errors> load(std::span<const SourceText> files);

// Every mistake of all broken queries.
[[nodiscard]] Errors mistakes_of(const Catalogue& catalogue);

}  // namespace pgrepl::catalogue
