#include "support/pg_connection.h"

#include <stdexcept>

namespace pgrepl::testing {

namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};

std::vector<Row> rows_of(const PGresult* result) {
  std::vector<Row> rows;
  for (int r = 0; r < PQntuples(result); ++r) {
    auto& row = rows.emplace_back();
    for (int c = 0; c < PQnfields(result); ++c) {
      row.push_back(
          PQgetisnull(result, r, c) == 1 ? std::nullopt
                                         : std::optional<std::string>{PQgetvalue(result, r, c)}
      );
    }
  }
  return rows;
}

}  // namespace

PgConnection::PgConnection(const std::string& conninfo)
    : connection_(PQconnectdb(conninfo.c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr
  );
}

std::vector<Row> PgConnection::execute(const std::string& sql) {
  const std::unique_ptr<PGresult, Clear> result{PQexec(connection_.get(), sql.c_str())};
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(PQerrorMessage(connection_.get()) + ("in: " + sql));
  }
  return rows_of(result.get());
}

std::optional<std::string> PgConnection::value(const std::string& sql) {
  const auto rows = execute(sql);
  if (rows.size() != 1) {
    throw std::runtime_error(std::to_string(rows.size()) + " rows, not one, from: " + sql);
  }
  return rows.front().front();
}

}  // namespace pgrepl::testing
