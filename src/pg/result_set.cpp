#include "pg/result_set.h"

namespace pgrepl::pg {

ResultSet::ResultSet(const std::vector<std::string>& columns) : width_(columns.size()) {
  for (const std::string& column : columns) {
    append(column);
  }
}

void ResultSet::reserve(std::size_t values, std::size_t bytes) {
  cells_.reserve(cells_.size() + values);
  text_.reserve(text_.size() + bytes);
}

void ResultSet::append(std::optional<std::string_view> value) {
  const auto offset = static_cast<std::uint32_t>(text_.size());
  if (!value) {
    cells_.push_back({offset, -1});
    return;
  }
  cells_.push_back({offset, static_cast<std::int32_t>(value->size())});
  text_.append(*value);
}

std::string_view ResultSet::name(std::size_t column) const {
  const Cell cell = cells_.at(column);
  return std::string_view{text_}.substr(cell.offset, static_cast<std::size_t>(cell.length));
}

std::vector<std::string> ResultSet::columns() const {
  std::vector<std::string> names;
  for (std::size_t column = 0; column < width_; ++column) {
    names.emplace_back(name(column));
  }
  return names;
}

std::optional<std::size_t> ResultSet::column(std::string_view wanted) const {
  for (std::size_t column = 0; column < width_; ++column) {
    if (name(column) == wanted) {
      return column;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> ResultSet::at(std::size_t row, std::size_t column) const {
  const Cell cell = cells_.at((row + 1) * width_ + column);
  if (cell.length < 0) {
    return std::nullopt;
  }
  return std::string_view{text_}.substr(cell.offset, static_cast<std::size_t>(cell.length));
}

std::optional<std::string_view> ResultSet::at(std::size_t row, std::string_view name) const {
  const auto position = column(name);
  return position ? at(row, *position) : std::nullopt;
}

}  // namespace pgrepl::pg
