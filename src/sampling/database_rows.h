// The answers of one query from several databases, as one result.
#pragma once

#include "pg/result_set.h"

#include <optional>
#include <string>

namespace pgrepl::sampling {

class DatabaseRows {
 public:
  // Rows without a column `datname` get one. A result of other columns than the first is left out:
  // false.
  bool add(const std::string& database, const pg::ResultSet& rows);

  // Absent while nothing was added.
  [[nodiscard]] const std::optional<pg::ResultSet>& merged() const { return merged_; }

 private:
  std::optional<pg::ResultSet> merged_;
};

}  // namespace pgrepl::sampling
