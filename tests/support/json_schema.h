// Checks a document against a JSON Schema (draft 2020-12), as far as the schemas of docs/api go.
#pragma once

#include <string>
#include <vector>

namespace pgrepl::testing {

// "place: what is wrong" for each violation. Throws when one of the texts is no JSON, or when the
// schema uses a keyword that is not understood: what is not checked must not seem to hold.
[[nodiscard]] std::vector<std::string> schema_violations(
    const std::string& schema, const std::string& document
);

}  // namespace pgrepl::testing
