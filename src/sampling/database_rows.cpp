#include "sampling/database_rows.h"

namespace pgrepl::sampling {

bool DatabaseRows::add(const std::string& database, const pg::ResultSet& rows) {
  std::vector<std::string> columns = rows.columns();
  const bool names_itself = rows.column("datname").has_value();
  if (!names_itself) {
    columns.emplace_back("datname");
  }
  if (!merged_) {
    merged_.emplace(columns);
  } else if (merged_->columns() != columns) {
    return false;
  }
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    for (std::size_t column = 0; column < rows.width(); ++column) {
      merged_->append(rows.at(row, column));
    }
    if (!names_itself) {
      merged_->append(database);
    }
  }
  return true;
}

}  // namespace pgrepl::sampling
