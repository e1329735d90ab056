#include "metrics/column_value.h"

#include "pg/number.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <utility>

namespace pgrepl::metrics {

std::optional<double> duration_milliseconds(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 7> kUnits{{
      {"ns", 1e-6},
      {"us", 1e-3},
      {"µs", 1e-3},
      {"ms", 1},
      {"s", 1000},
      {"m", 60000},
      {"h", 3600000},
  }};
  if (text.empty() || text == "-1") {
    return std::nullopt;
  }
  if (const auto interval = pg::to_number(text); interval && text.find(':') != text.npos) {
    return *interval * 1000;
  }
  double sum = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto amount = pg::to_number(text.substr(0, digits));
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const auto* unit = std::ranges::find(
        kUnits, text.substr(0, letters), &std::pair<std::string_view, double>::first
    );
    if (!amount || unit == kUnits.end()) {
      return std::nullopt;
    }
    sum += *amount * unit->second;
    text.remove_prefix(letters);
  }
  return sum;
}

std::optional<double> column_value(const catalogue::Column& column, std::string_view text) {
  std::optional<double> value;
  if (column.usage == catalogue::ColumnUsage::Mapped) {
    const auto found = column.mapping.find(std::string{text});
    value = found == column.mapping.end() ? std::nullopt : std::optional{found->second};
  } else if (column.usage == catalogue::ColumnUsage::Duration) {
    value = duration_milliseconds(text);
  } else {
    value = pg::to_number(text);
  }
  return value ? std::optional{*value * column.scale} : std::nullopt;
}

std::optional<prometheus::ClientMetric::Histogram> histogram_of(
    const catalogue::Column& column, const pg::ResultSet& rows, std::size_t row
) {
  const auto bounds = pg::to_numbers(rows.at(row, column.name).value_or(""));
  const auto counts = pg::to_numbers(rows.at(row, column.name + "_bucket").value_or(""));
  const auto sum = pg::to_number(rows.at(row, column.name + "_sum").value_or(""));
  const auto count = pg::to_number(rows.at(row, column.name + "_count").value_or(""));
  if (!bounds || !counts || !sum || !count || bounds->size() > counts->size()) {
    return std::nullopt;
  }
  prometheus::ClientMetric::Histogram histogram;
  histogram.sample_count = static_cast<std::uint64_t>(*count);
  histogram.sample_sum = *sum;
  for (std::size_t i = 0; i < bounds->size(); ++i) {
    if (std::isfinite(bounds->at(i))) {
      histogram.bucket.push_back({static_cast<std::uint64_t>(counts->at(i)), bounds->at(i)});
    }
  }
  histogram.bucket.push_back({histogram.sample_count, std::numeric_limits<double>::infinity()});
  return histogram;
}

std::string to_series_name(std::string_view text) {
  std::string name{text};
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '_'; }, '_'
  );
  return name;
}

}  // namespace pgrepl::metrics
