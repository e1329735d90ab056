#include "metrics/query_families.h"

#include "metrics/column_value.h"
#include "metrics/distributions.h"
#include "pg/number.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

namespace pgrepl::metrics {

namespace {

using catalogue::Column;
using catalogue::ColumnUsage;
using prometheus::MetricType;

MetricType type_of(ColumnUsage usage) {
  switch (usage) {
    case ColumnUsage::Counter:
      return MetricType::Counter;
    case ColumnUsage::Gauge:
    case ColumnUsage::Mapped:
    case ColumnUsage::Duration:
    case ColumnUsage::Distribution:
      return MetricType::Gauge;
    case ColumnUsage::Histogram:
      return MetricType::Histogram;
    case ColumnUsage::Label:
    case ColumnUsage::Untyped:
    case ColumnUsage::Discard:
    case ColumnUsage::Suffix:
      return MetricType::Untyped;
  }
  return MetricType::Untyped;
}

bool is_value(const Column& column) {
  return column.usage != ColumnUsage::Label && !column.family.empty();
}

// The query's columns with their places in the rows.
struct Place {
  const Column* column;
  std::size_t at;
};

struct LabelPlace {
  std::string name;
  std::size_t at;
};

struct Layout {
  std::vector<LabelPlace> labels;
  std::vector<Place> values;
  std::optional<std::size_t> suffix;
  std::vector<Column> rest;  // made for the columns that the query does not list
};

bool belongs_to_histogram(const catalogue::Query& query, const std::string& name) {
  return std::ranges::any_of(query.columns, [&name](const Column& column) {
    return column.usage == ColumnUsage::Histogram &&
           (name == column.name + "_bucket" || name == column.name + "_sum" ||
            name == column.name + "_count");
  });
}

// As untyped series, under the names they have in the rows.
std::vector<Column> unlisted_columns(const catalogue::Query& query, const pg::ResultSet& rows) {
  std::vector<Column> rest;
  if (!query.rest_prefix) {
    return rest;
  }
  for (const std::string& name : rows.columns()) {
    const bool listed =
        std::ranges::find(query.columns, name, &Column::name) != query.columns.end();
    if (!listed && !belongs_to_histogram(query, name)) {
      rest.push_back({
          .name = name,
          .usage = ColumnUsage::Untyped,
          .help = "A column of " + query.name + " that its file says nothing of",
          .family = to_series_name(*query.rest_prefix + "_" + name),
      });
    }
  }
  return rest;
}

// A label that `base` has already keeps its value under a name of its own.
Layout lay_out(const catalogue::Query& query, const pg::ResultSet& rows, const Labels& base) {
  Layout layout{.rest = unlisted_columns(query, rows)};
  const auto place = [&](const Column& column) {
    const auto at = rows.column(column.name);
    if (at && column.usage == ColumnUsage::Label) {
      const std::string& name = column.family;
      layout.labels.push_back({base.has(name) ? "exported_" + name : name, *at});
    } else if (at && column.usage == ColumnUsage::Suffix) {
      layout.suffix = at;
    } else if (at && is_value(column)) {
      layout.values.push_back({&column, *at});
    }
  };
  std::ranges::for_each(query.columns, place);
  std::ranges::for_each(layout.rest, place);
  return layout;
}

Labels labels_of(
    const Layout& layout, const pg::ResultSet& rows, std::size_t row, const Labels& base
) {
  Labels labels = base;
  for (const auto& [name, at] : layout.labels) {
    labels.add(name, rows.at(row, at).value_or(""));
  }
  return labels;
}

// One row on its way to the page.
struct RowWriter {
  const pg::ResultSet& rows;
  std::size_t row;
  const Labels& labels;
  std::optional<std::string_view> suffix;
  Families& families;
  Distributions& distributions;
  DroppedSamples& dropped;

  void note_unreadable(const Column& column) const {
    dropped.first_unreadable =
        dropped.unreadable == 0 ? column.name : std::move(dropped.first_unreadable);
    dropped.unreadable += 1;
  }

  std::optional<double> read_value(const Place& place) const {
    const Column& column = *place.column;
    const auto text = rows.at(row, place.at);
    const auto value = text ? column_value(column, *text) : column.fallback;
    if (!value && text && column.usage != ColumnUsage::Untyped) {
      note_unreadable(column);
    }
    return value;
  }

  void write_value(const Place& place) const {
    const Column& column = *place.column;
    const auto value = read_value(place);
    if (!value) {
      return;
    }
    const MetricType type = type_of(column.usage);
    const bool added = suffix ? families.add(
                                    column.family + "_" + to_series_name(*suffix),
                                    type,
                                    column.help + " " + std::string{*suffix},
                                    labels,
                                    *value
                                )
                              : families.add(column.family, type, column.help, labels, *value);
    dropped.duplicates += added ? 0 : 1;
  }

  void observe(const Place& place) const {
    if (const auto value = read_value(place)) {
      distributions.observe(*place.column, labels, *value);
    }
  }

  void write_histogram(const Place& place) const {
    const Column& column = *place.column;
    auto histogram = histogram_of(column, rows, row);
    if (!histogram) {
      note_unreadable(column);
      return;
    }
    const bool added = families.add_histogram(column.family, column.help, labels, *histogram);
    dropped.duplicates += added ? 0 : 1;
  }

  void write(const Place& place) const {
    switch (place.column->usage) {
      case ColumnUsage::Histogram:
        return write_histogram(place);
      case ColumnUsage::Distribution:
        return observe(place);
      default:
        return write_value(place);
    }
  }
};

}  // namespace

DroppedSamples add_query_families(
    const catalogue::Query& query,
    const pg::ResultSet& rows,
    const Labels& labels,
    Families& families
) {
  DroppedSamples dropped;
  Distributions distributions;
  const Layout layout = lay_out(query, rows, labels);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const Labels row_labels = labels_of(layout, rows, row, labels);
    const RowWriter writer{
        .rows = rows,
        .row = row,
        .labels = row_labels,
        .suffix = layout.suffix ? rows.at(row, *layout.suffix) : std::nullopt,
        .families = families,
        .distributions = distributions,
        .dropped = dropped,
    };
    for (const Place& place : layout.values) {
      writer.write(place);
    }
  }
  dropped.duplicates += distributions.add_to(families);
  return dropped;
}

}  // namespace pgrepl::metrics
