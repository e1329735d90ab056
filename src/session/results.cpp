#include "session/results.h"

#include "session/classify.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::session {

namespace {

std::size_t bytes_of(const PGresult* result) {
  std::size_t bytes = 0;
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) {
      bytes += static_cast<std::size_t>(PQgetlength(result, row, column));
    }
  }
  return bytes;
}

}  // namespace

pg::ResultSet to_result_set(const PGresult* result) {
  std::vector<std::string> columns;
  const int width = PQnfields(result);
  for (int column = 0; column < width; ++column) {
    columns.emplace_back(PQfname(result, column));
  }
  pg::ResultSet rows{columns};
  const int count = PQntuples(result);
  rows.reserve(static_cast<std::size_t>(count) * columns.size(), bytes_of(result));
  for (int row = 0; row < count; ++row) {
    for (int column = 0; column < width; ++column) {
      if (PQgetisnull(result, row, column) == 1) {
        rows.append(std::nullopt);
      } else {
        const auto length = static_cast<std::size_t>(PQgetlength(result, row, column));
        rows.append(std::string_view{PQgetvalue(result, row, column), length});
      }
    }
  }
  return rows;
}

QueryError to_query_error(const PGresult* result) {
  const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  QueryError error{
      .sqlstate = code == nullptr ? "" : code,
      .message =
          failure_message(message == nullptr ? PQresultErrorMessage(result) : message, "the query"),
  };
  error.reason = pg::classify_sql_state(error.sqlstate);
  // Without a code it is libpq that says so, of a connection that is gone.
  error.ends_session = error.sqlstate.empty() || pg::ends_session(error.sqlstate);
  return error;
}

std::optional<std::string> unusable_result(const PGresult* result) {
  switch (const ExecStatusType status = PQresultStatus(result)) {
    case PGRES_EMPTY_QUERY:
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_BAD_RESPONSE:
    case PGRES_NONFATAL_ERROR:
    case PGRES_FATAL_ERROR:
    case PGRES_PIPELINE_SYNC:
    case PGRES_PIPELINE_ABORTED:
      return std::nullopt;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
      return "the statement is answered by COPY; only statements that return rows can be asked";
    default:
      return std::string{"the statement is answered by "} + PQresStatus(status);
  }
}

}  // namespace pgrepl::session
