#include "pg/result_set.h"

namespace pgrepl::pg {

ResultSet::ResultSet(const std::vector<std::string>& columns) : width_(columns.size()) {
  for (const std::string& column : columns) {
    append(column);
  }
}

void ResultSet::reserve(std::size_t values, std::size_t bytes) {
  ends_.reserve(ends_.size() + values);
  text_.reserve(text_.size() + bytes);
}

void ResultSet::append(std::optional<std::string_view> value) {
  text_.append(value.value_or(""));
  ends_.push_back(static_cast<std::uint32_t>(text_.size() * 2 + (value ? 0 : 1)));
}

std::optional<std::string_view> ResultSet::cell(std::size_t place) const {
  const std::uint32_t end = ends_.at(place);
  if (end % 2 == 1) {
    return std::nullopt;
  }
  const std::size_t begin = place == 0 ? 0 : ends_[place - 1] / 2;
  return std::string_view{text_}.substr(begin, end / 2 - begin);
}

std::vector<std::string> ResultSet::columns() const {
  std::vector<std::string> names;
  for (std::size_t column = 0; column < width_; ++column) {
    names.emplace_back(*cell(column));
  }
  return names;
}

std::optional<std::size_t> ResultSet::column(std::string_view wanted) const {
  for (std::size_t column = 0; column < width_; ++column) {
    if (cell(column) == wanted) {
      return column;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> ResultSet::at(std::size_t row, std::size_t column) const {
  return cell((row + 1) * width_ + column);
}

std::optional<std::string_view> ResultSet::at(std::size_t row, std::string_view name) const {
  const auto position = column(name);
  return position ? at(row, *position) : std::nullopt;
}

}  // namespace pgrepl::pg
