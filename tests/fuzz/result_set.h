// Rows out of text: a line of column names, then cells, one a line; "\N" is NULL.
#pragma once

#include "fuzz/input.h"
#include "pg/result_set.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::fuzz {

// Absent without a column. Cells that make no whole row are left out.
inline std::optional<pg::ResultSet> result_set(std::string_view text) {
  std::string_view header = take(text, '\n');
  std::vector<std::string> columns;
  while (!header.empty()) {
    columns.emplace_back(take(header, ','));
  }
  if (columns.empty()) {
    return std::nullopt;
  }
  const std::size_t width = columns.size();
  std::vector<std::string_view> cells;
  while (!text.empty()) {
    cells.push_back(take(text, '\n'));
  }
  pg::ResultSet rows{std::move(columns)};
  for (std::size_t i = 0; i < cells.size() / width * width; ++i) {
    rows.append(cells[i] == "\\N" ? std::nullopt : std::optional{cells[i]});
  }
  return rows;
}

}  // namespace pgrepl::fuzz
