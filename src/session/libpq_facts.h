// Which libpq this process runs with, and what that one can do.
#pragma once

#include <string>
#include <string_view>

namespace pgrepl::session {

// "libpq 17.2 (without max_protocol_version, min_protocol_version)": the library that is loaded,
// which need not be the one that was compiled against. Without anything missing, the number alone.
[[nodiscard]] std::string describe_libpq();

// Whether the library that is loaded knows this keyword of a conninfo string.
[[nodiscard]] bool knows_parameter(std::string_view keyword);

}  // namespace pgrepl::session
