#include "pg/result_set.h"

#include <algorithm>

namespace pgrepl::pg {

void ResultSet::append(std::optional<std::string_view> value) {
  const auto offset = static_cast<std::uint32_t>(text_.size());
  if (!value) {
    cells_.push_back({offset, -1});
    return;
  }
  cells_.push_back({offset, static_cast<std::int32_t>(value->size())});
  text_.append(*value);
}

std::optional<std::size_t> ResultSet::column(std::string_view name) const {
  const auto found = std::ranges::find(columns_, name);
  if (found == columns_.end()) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - columns_.begin());
}

std::optional<std::string_view> ResultSet::at(std::size_t row, std::size_t column) const {
  const Cell cell = cells_.at(row * columns_.size() + column);
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
