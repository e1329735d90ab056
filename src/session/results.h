// libpq's results as values.
#pragma once

#include "pg/result_set.h"
#include "session/libpq.h"
#include "session/query_error.h"

#include <optional>
#include <string>

namespace pgrepl::session {

// The rows of a result that has some.
[[nodiscard]] pg::ResultSet to_result_set(const PGresult* result);
// Of a result that is an error.
[[nodiscard]] QueryError to_query_error(const PGresult* result);

// What is wrong with a result that is neither rows, nor an error, nor the end of a command without
// rows. A conversation in such a state has no end that libpq would tell of (COPY comes back for
// ever), so that its session must be closed. Absent for all others.
[[nodiscard]] std::optional<std::string> unusable_result(const PGresult* result);

}  // namespace pgrepl::session
