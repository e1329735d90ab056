#include "metrics/query_families.h"

#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace pgrepl::metrics {

namespace {

using catalogue::ColumnUsage;
using prometheus::MetricType;

// As PostgreSQL writes numbers, booleans and infinities in text.
std::optional<double> to_number(std::string_view text) {
  if (text == "t") {
    return 1;
  }
  if (text == "f") {
    return 0;
  }
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value);
  if (problem == std::errc{} && stopped == end) {
    return value;
  }
  if (text == "Infinity" || text == "-Infinity") {
    const double infinity = std::numeric_limits<double>::infinity();
    return text.starts_with('-') ? -infinity : infinity;
  }
  return std::nullopt;
}

MetricType type_of(ColumnUsage usage) {
  switch (usage) {
    case ColumnUsage::Counter:
      return MetricType::Counter;
    case ColumnUsage::Gauge:
      return MetricType::Gauge;
    case ColumnUsage::Label:
    case ColumnUsage::Untyped:
    case ColumnUsage::Discard:
      return MetricType::Untyped;
  }
  return MetricType::Untyped;
}

// The query's columns with their places in the rows.
struct Place {
  const catalogue::Column* column;
  std::size_t at;
};

std::vector<Place> find_places(const catalogue::Query& query, const pg::ResultSet& rows) {
  std::vector<Place> places;
  for (const catalogue::Column& column : query.columns) {
    if (const auto at = rows.column(column.name)) {
      places.push_back({&column, *at});
    }
  }
  return places;
}

}  // namespace

void add_query_families(
    const catalogue::Query& query,
    const pg::ResultSet& rows,
    const Labels& labels,
    Families& families
) {
  const auto places = find_places(query, rows);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    Labels row_labels = labels;
    for (const auto& [column, at] : places) {
      if (column->usage == ColumnUsage::Label) {
        row_labels.push_back({column->name, std::string{rows.at(row, at).value_or("")}});
      }
    }
    for (const auto& [column, at] : places) {
      const auto text = column->family.empty() ? std::nullopt : rows.at(row, at);
      const auto value = text ? to_number(*text) : std::nullopt;
      if (value) {
        families.add(column->family, type_of(column->usage), column->help, row_labels, *value);
      }
    }
  }
}

}  // namespace pgrepl::metrics
