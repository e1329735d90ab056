// Hands a conninfo to libpq.
#pragma once

#include "pg/conninfo.h"
#include "session/libpq.h"
#include "session/query_error.h"
#include "support/expected.h"

#include <optional>
#include <string>
#include <vector>

namespace pgrepl::session {

// Starts a non-blocking connection to the first of `addresses` that answers, or to the host itself
// where there are none. `password` is what to log in with; the ways to one in `conninfo` do not
// count.
[[nodiscard]] Expected<Conn, ConnectError> start_connection(
    const pg::ConnInfo& conninfo,
    const std::vector<std::string>& addresses,
    const std::optional<pg::Secret>& password
);

}  // namespace pgrepl::session
