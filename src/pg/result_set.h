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

  [[nodiscard]] std::size_t rows() const { return width_ == 0 ? 0 : ends_.size() / width_ - 1; }

  // Where a column stands; absent when the statement has none of that name.
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
  // Absent is NULL. Views live as long as this result set is unchanged.
  [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::size_t column) const;
  // By name; absent also when there is no such column.
  [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::string_view column) const;

 private:
  // Of the cell at that place, the names of the columns being the first row.
  [[nodiscard]] std::optional<std::string_view> cell(std::size_t place) const;

  // Results of many servers are kept, so they are one text, a row after the other. Of each cell
  // there is where it ends in it, times two, and one more for NULL.
  std::size_t width_;
  std::vector<std::uint32_t> ends_;
  std::string text_;
};

}  // namespace pgrepl::pg
