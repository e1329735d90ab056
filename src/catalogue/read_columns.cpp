#include "catalogue/read_columns.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>

namespace pgrepl::catalogue {

namespace {

constexpr std::array<std::pair<std::string_view, ColumnUsage>, 7> kUsages{{
    {"label", ColumnUsage::Label},
    {"counter", ColumnUsage::Counter},
    {"gauge", ColumnUsage::Gauge},
    {"untyped", ColumnUsage::Untyped},
    {"discard", ColumnUsage::Discard},
    {"suffix", ColumnUsage::Suffix},
    {"histogram", ColumnUsage::Histogram},
}};

// A new value of these makes a new series, without end.
bool is_unbounded(std::string_view label) {
  return label == "pid" || label == "query" || label.ends_with("_lsn") || label == "lsn";
}

std::optional<ColumnUsage> read_usage(
    yaml::Reader& reader, const yaml::Node& node, Errors& errors
) {
  std::vector<ColumnUsage> found;
  for (const auto& [word, usage] : kUsages) {
    (void)reader.any(word);
    if (node.find(word) != nullptr) {
      found.push_back(usage);
    }
  }
  if (found.size() != 1) {
    errors.push_back(
        {node.where,
         "a column has one usage: label, counter, gauge, untyped, histogram, suffix or discard"}
    );
    return std::nullopt;
  }
  return found.front();
}

void check_label(const yaml::Entry& entry, Errors& errors) {
  const std::string& name = entry.key;
  if (!is_name(name) || name.starts_with("__") || name == "cluster" || name == "server") {
    errors.push_back({entry.key_where, name + ": no name for a label"});
  } else if (is_unbounded(name)) {
    errors.push_back(
        {entry.key_where, name + ": a label without bound makes series without end; discard it"}
    );
  }
}

void check_value(const yaml::Entry& entry, const Column& column, Errors& errors) {
  if (!is_name(column.family)) {
    errors.push_back({entry.key_where, column.family + ": no name for a series"});
  }
  if (column.help.empty()) {
    errors.push_back({entry.value.where, entry.key + ": help is missing"});
  }
  if (column.help.find_first_of("\n\\") != std::string::npos) {
    errors.push_back({entry.value.where, entry.key + ": help must be one line without a backslash"}
    );
  }
}

std::optional<Column> read_column(
    const yaml::Entry& entry, const std::string& prefix, Errors& errors
) {
  yaml::Reader reader{entry.value, errors};
  const auto usage = read_usage(reader, entry.value, errors);
  Column column{.name = entry.key};
  column.help = reader.text("help").value_or("");
  const auto name = reader.text("name");
  reader.finish();
  if (!usage) {
    return std::nullopt;
  }
  column.usage = *usage;
  if (*usage == ColumnUsage::Label) {
    column.family = name.value_or(entry.key);
    check_label(entry, errors);
  } else if (*usage != ColumnUsage::Discard && *usage != ColumnUsage::Suffix) {
    column.family = name.value_or(prefix + "_" + entry.key);
    check_value(entry, column, errors);
  }
  return column;
}

}  // namespace

bool is_name(std::string_view text) {
  const auto is_part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::ranges::all_of(text, is_part);
}

std::vector<Column> read_columns(
    const yaml::Node& columns, const std::string& prefix, Errors& errors
) {
  // Reports keys given twice.
  (void)yaml::Reader{columns, errors};
  std::vector<Column> read;
  read.reserve(columns.entries.size());
  for (const yaml::Entry& entry : columns.entries) {
    if (auto column = read_column(entry, prefix, errors)) {
      read.push_back(std::move(*column));
    }
  }
  return read;
}

}  // namespace pgrepl::catalogue
