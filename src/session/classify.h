// What libpq's words about a failed connection mean. Pure.
#pragma once

#include "session/query_error.h"

#include <string_view>

namespace pgrepl::session {

// `text` is PQerrorMessage() of a connection that failed, with PQERRORS_VERBOSE, so that a server's
// refusal carries its SQLSTATE ("FATAL:  28P01: …") whatever its language. Of several addresses
// that were tried, the one whose server answered counts.
//
// The message is never empty. Where libpq has no words (17 has none when no descriptor is left), it
// says what was being done and what the system says of `system_error`, errno right after the
// failure; 0 if unknown.
[[nodiscard]] ConnectError classify_connect_failure(std::string_view text, int system_error = 0);

// The first line of `text`, or where libpq left it empty: that `doing` failed, and why by
// `system_error`.
[[nodiscard]] std::string failure_message(
    std::string_view text, std::string_view doing, int system_error = 0
);

// The first line, without blanks around it.
[[nodiscard]] std::string_view first_line(std::string_view text);

}  // namespace pgrepl::session
