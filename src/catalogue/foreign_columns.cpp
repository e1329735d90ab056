#include "catalogue/foreign_columns.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace pgrepl::catalogue {

namespace {

constexpr std::pair<std::string_view, ColumnUsage> kUsages[] = {
    {"DISCARD", ColumnUsage::Discard},
    {"LABEL", ColumnUsage::Label},
    {"COUNTER", ColumnUsage::Counter},
    {"GAUGE", ColumnUsage::Gauge},
    {"HISTOGRAM", ColumnUsage::Histogram},
    {"MAPPEDMETRIC", ColumnUsage::Mapped},
    {"DURATION", ColumnUsage::Duration},
};

std::optional<ColumnUsage> read_usage(yaml::Reader& reader) {
  auto word = reader.required_text("usage");
  if (!word) {
    return std::nullopt;
  }
  std::ranges::transform(*word, word->begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  const auto* found =
      std::ranges::find(kUsages, *word, &std::pair<std::string_view, ColumnUsage>::first);
  if (found == std::end(kUsages)) {
    reader.error(
        "usage",
        "nothing is called '" + *word +
            "'; it is DISCARD, LABEL, COUNTER, GAUGE, HISTOGRAM, MAPPEDMETRIC or DURATION"
    );
    return std::nullopt;
  }
  return found->second;
}

// CloudNativePG's documents spell it differently from what it reads; both mean the same.
std::map<std::string, double> read_mapping(yaml::Reader& reader) {
  const yaml::Node* mapping = reader.mapping("metric_mapping");
  const yaml::Node* other = reader.mapping("metrics_mapping");
  mapping = mapping == nullptr ? other : mapping;
  std::map<std::string, double> numbers;
  for (std::size_t i = 0; mapping != nullptr && i < mapping->entries.size(); ++i) {
    const yaml::Entry& entry = mapping->entries[i];
    const std::string& text = entry.value.scalar;
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size()) {
      reader.error("metric_mapping", entry.key + ": expected a number, found '" + text + "'");
    }
    numbers[entry.key] = value;
  }
  return numbers;
}

// pg_exporter's histograms count rows; those of the others come from the SQL as arrays.
std::vector<double> read_bounds(yaml::Reader& reader) {
  std::vector<double> bounds;
  for (const std::string& text : reader.texts("bucket")) {
    double bound = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), bound);
    const bool whole = problem == std::errc{} && end == text.data() + text.size();
    if (!whole || !std::isfinite(bound) || (!bounds.empty() && bound <= bounds.back())) {
      reader.error("bucket", "expected increasing numbers, found '" + text + "'");
      return {};
    }
    bounds.push_back(bound);
  }
  return bounds;
}

void name_family(Column& column, const std::string& prefix, const std::string& shown) {
  switch (column.usage) {
    case ColumnUsage::Label:
      column.family = shown;
      break;
    case ColumnUsage::Counter:
    case ColumnUsage::Gauge:
    case ColumnUsage::Untyped:
    case ColumnUsage::Histogram:
    case ColumnUsage::Distribution:
    case ColumnUsage::Mapped:
      column.family = prefix + "_" + shown;
      break;
    case ColumnUsage::Duration:
      column.family = prefix + "_" + shown + "_milliseconds";
      break;
    case ColumnUsage::Discard:
    case ColumnUsage::Suffix:
      break;
  }
}

std::optional<Column> read_column(
    Dialect dialect, const yaml::Entry& entry, const std::string& prefix, Errors& errors
) {
  yaml::Reader reader{entry.value, errors};
  Column column{.name = entry.key};
  const auto usage = read_usage(reader);
  column.help = reader.text("description").value_or("");
  column.mapping = read_mapping(reader);
  column.scale = reader.number("scale").value_or(1);
  column.fallback = reader.number("default");
  const auto renamed = reader.text(dialect == Dialect::PgExporter ? "rename" : "name");
  (void)reader.any("pg_version");
  column.bounds = read_bounds(reader);
  reader.finish();
  if (!usage) {
    return std::nullopt;
  }
  const bool counts_rows = *usage == ColumnUsage::Histogram && !column.bounds.empty();
  column.usage = counts_rows ? ColumnUsage::Distribution : *usage;
  if (column.help.empty()) {
    column.help = "column " + entry.key;
  }
  name_family(column, prefix, renamed.value_or(entry.key));
  if (!column.family.empty() && !is_name(column.family)) {
    errors.push_back({entry.key_where, column.family + ": no name for a series or a label"});
  }
  return column;
}

}  // namespace

std::vector<Column> read_foreign_columns(
    Dialect dialect, const yaml::Node& metrics, const std::string& prefix, Errors& errors
) {
  std::vector<Column> columns;
  for (const yaml::Node& item : metrics.items) {
    if (item.kind != yaml::Kind::Mapping || item.entries.empty()) {
      errors.push_back({item.where, "metrics: expected a column with its usage"});
      continue;
    }
    for (const yaml::Entry& entry : item.entries) {
      if (auto column = read_column(dialect, entry, prefix, errors)) {
        columns.push_back(std::move(*column));
      }
    }
  }
  return columns;
}

}  // namespace pgrepl::catalogue
