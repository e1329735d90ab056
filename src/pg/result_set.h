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
  explicit ResultSet(const std::vector<std::string>& columns);

  // Room for that much, so that nothing is kept beyond it.
  void reserve(std::size_t values, std::size_t bytes);

  // Values are appended row by row, left to right; absent is SQL's NULL.
  void append(std::optional<std::string_view> value);

  [[nodiscard]] std::vector<std::string> columns() const;

  [[nodiscard]] std::size_t width() const { return width_; }

  [[nodiscard]] std::size_t rows() const { return width_ == 0 ? 0 : cells_.size() / width_ - 1; }

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

  [[nodiscard]] std::string_view name(std::size_t column) const;

  // Results of many servers are kept: the names of the columns come first, as a row of their own.
  std::size_t width_;
  std::vector<Cell> cells_;
  std::string text_;
};

}  // namespace pgrepl::pg
