// What libpq's words about a failed connection mean. Pure.
#pragma once

#include "session/query_error.h"

#include <string_view>

namespace pgrepl::session {

// `text` is PQerrorMessage() of a connection that failed, with PQERRORS_VERBOSE, so that a server's
// refusal carries its SQLSTATE ("FATAL:  28P01: …") whatever its language. Of several addresses
// that were tried, the one whose server answered counts.
[[nodiscard]] ConnectError classify_connect_failure(std::string_view text);

// The first line, without blanks around it.
[[nodiscard]] std::string_view first_line(std::string_view text);

}  // namespace pgrepl::session
