// libpq's results as values.
#pragma once

#include "pg/result_set.h"
#include "session/libpq.h"
#include "session/query_error.h"

namespace pgrepl::session {

[[nodiscard]] pg::ResultSet to_result_set(const PGresult* result);
[[nodiscard]] QueryError to_query_error(const PGresult* result);

}  // namespace pgrepl::session
