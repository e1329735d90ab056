// The rows of one statement as nullable text, with checked access by column name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::pg {

class ResultSet {
 public:
  explicit ResultSet(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  // Values are appended row by row, left to right; absent is SQL's NULL.
  void append(std::optional<std::string_view> value);

  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }

  [[nodiscard]] std::size_t rows() const {
    return columns_.empty() ? 0 : cells_.size() / columns_.size();
  }

  // Where a column stands; absent when the statement has none of that name.
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
  // Absent is NULL. Views live as long as this result set is unchanged.
  [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::size_t column) const;
  // By name; absent also when there is no such column.
  [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::string_view column) const;

 private:
  struct Cell {
    std::uint32_t offset;
    std::int32_t length;  // negative: NULL
  };

  std::vector<std::string> columns_;
  std::vector<Cell> cells_;
  std::string text_;
};

}  // namespace pgrepl::pg
