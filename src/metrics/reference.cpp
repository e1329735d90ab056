#include "metrics/reference.h"

#include "exposition/exposition.h"
#include "metrics/cluster_families.h"
#include "metrics/column_value.h"
#include "metrics/example_cluster.h"
#include "metrics/page.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

namespace pgrepl::metrics {

namespace {

using catalogue::Column;
using catalogue::ColumnUsage;
using prometheus::MetricType;

std::string_view word_of(ColumnUsage usage) {
  switch (usage) {
    case ColumnUsage::Counter:
      return "counter";
    case ColumnUsage::Gauge:
    case ColumnUsage::Mapped:
    case ColumnUsage::Duration:
    case ColumnUsage::Distribution:
      return "gauge";
    case ColumnUsage::Histogram:
      return "histogram";
    case ColumnUsage::Label:
    case ColumnUsage::Untyped:
    case ColumnUsage::Discard:
    case ColumnUsage::Suffix:
      return "untyped";
  }
  return "untyped";
}

SeriesReference from_family(const Family& family) {
  SeriesReference entry{
      .name = family.name, .type = std::string{text_of(family.type)}, .help = family.help};
  std::set<std::string_view> seen{"le"};  // which is a histogram's own
  std::string_view lines = family.lines;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    for (const std::string_view label : split_labels(line.substr(line.find('{') + 1))) {
      const std::size_t end = label.find("=\"");
      if (end != std::string_view::npos && seen.insert(label.substr(0, end)).second) {
        entry.labels.emplace_back(label.substr(0, end));
      }
    }
  }
  return entry;
}

std::string versions_of(const catalogue::Query& query) {
  const int first = query.variants.front().versions.first;
  const int last = std::min(query.variants.back().versions.last, pg::kNewestMajor);
  return std::to_string(first) + " .. " + std::to_string(last);
}

void add_query(const catalogue::Query& query, std::map<std::string, SeriesReference>& series) {
  if (query.variants.empty()) {
    return;
  }
  std::vector<std::string> labels{"cluster", "server"};
  bool suffixed = false;
  for (const Column& column : query.columns) {
    if (column.usage == ColumnUsage::Label) {
      labels.push_back(column.family);
    }
    suffixed = suffixed || column.usage == ColumnUsage::Suffix;
  }
  for (const Column& column : query.columns) {
    if (column.usage == ColumnUsage::Label || column.family.empty()) {
      continue;
    }
    const std::string name = suffixed ? column.family + "_*" : column.family;
    series.insert_or_assign(
        name,
        SeriesReference{
            name, std::string{word_of(column.usage)}, labels, column.help, versions_of(query)}
    );
  }
}

// A query of which everything goes wrong once, under a name that is not listed.
constexpr const char* kExampleFamily = "example";

catalogue::Query example_query() {
  catalogue::Query query{.name = "q"};
  query.columns = {
      {.name = "l", .usage = ColumnUsage::Label, .family = "l"},
      {.name = "n", .usage = ColumnUsage::Gauge, .family = kExampleFamily},
  };
  return query;
}

pg::ResultSet example_rows() {
  pg::ResultSet rows{{"l", "n"}};
  for (const char* cell : {"a", "1", "a", "1", "b", "no number"}) {
    rows.append(cell);
  }
  return rows;
}

std::vector<Family> example_families() {
  const ExampleCluster example = example_cluster();
  const catalogue::Query query = example_query();
  const pg::ResultSet rows = example_rows();
  ServerPage server{
      .name = "pg-1",
      .queries = {{&query, &rows, 0}},
      .errors = {{pg::FailureReason::Other, 1}},
      .databases_left_out = 0};
  const std::vector<ClusterPage> clusters{
      {.cluster = &example.cluster, .configured = &example.configured, .servers = {server}}};
  const ProcessFacts process{0, 0, 0, 0, 0, 0};
  SelfCounters counters;
  counters.note_task_failure("example");
  counters.http_refused().Add({{"reason", "example"}});
  const SelfFacts self{.counters = &counters, .process = process, .query_files = {{}}};
  return collect_page(clusters, self, {.now = {}, .wall_clock_now = 0}, {}).families;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

}  // namespace

std::vector<SeriesReference> list_series(const catalogue::Catalogue& catalogue) {
  std::map<std::string, SeriesReference> series;
  for (const catalogue::Query& query : catalogue.queries) {
    add_query(query, series);
  }
  for (const auto& family : example_families()) {
    if (family.name != kExampleFamily) {
      series.insert_or_assign(family.name, from_family(family));
    }
  }
  std::vector<SeriesReference> list;
  for (auto& [name, entry] : series) {
    list.push_back(std::move(entry));
  }
  return list;
}

std::string to_markdown(const std::vector<SeriesReference>& series) {
  std::string text =
      "# Series\n\n"
      "Generated by `pg_replication_exporter metrics`. The labels of a cluster's configuration "
      "come "
      "in addition to those listed. A star stands for the name of a setting.\n\n"
      "| series | type | labels | PostgreSQL | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const SeriesReference& entry : series) {
    text += "| `" + entry.name + "` | " + entry.type + " | " + joined(entry.labels) + " | " +
            entry.versions + " | " + entry.help + " |\n";
  }
  return text;
}

std::string to_json(const std::vector<SeriesReference>& series) {
  auto list = nlohmann::ordered_json::array();
  for (const SeriesReference& entry : series) {
    list.push_back(
        {{"name", entry.name},
         {"type", entry.type},
         {"labels", entry.labels},
         {"postgresql", entry.versions},
         {"help", entry.help}}
    );
  }
  return list.dump(2) + "\n";
}

}  // namespace pgrepl::metrics
