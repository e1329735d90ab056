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
};

// A query of a later file replaces that of the same name in an earlier one; twice in one file is a
// mistake. All mistakes of all files at once.
[[nodiscard]] Expected<Catalogue, Errors> load(std::span<const SourceText> files);

}  // namespace pgrepl::catalogue
