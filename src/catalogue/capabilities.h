// Functions of PostgreSQL that a server may refuse to us, and our statements without them.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace pgrepl::catalogue {

// One function as the catalogue's SQL calls it. Managed services, and administrators by REVOKE,
// refuse single ones of them.
struct RefusableFunction {
  std::string_view capability;  // the label's value of pg_server_capability
  std::string_view call;        // the text of the call
  std::string_view substitute;  // reads as if our role might not see what the call returns
  std::string_view probe;       // a statement that needs this function and no other of them
};

// In a fixed order. The functions of one capability are refused each by itself.
[[nodiscard]] std::span<const RefusableFunction> refusable_functions();

// Places in refusable_functions().
using RefusedFunctions = std::set<std::size_t>;

// `sql` with the substitute in place of each call of a refused function.
[[nodiscard]] std::string without(std::string sql, const RefusedFunctions& refused);

// Whether an error says that something that a statement needs is refused or missing: no privilege
// (42501), no such function (42883), no such feature (0A000), not in this state (55000).
[[nodiscard]] bool is_refusal(std::string_view sqlstate);

}  // namespace pgrepl::catalogue
