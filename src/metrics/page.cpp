#include "metrics/page.h"

#include "metrics/cluster_families.h"
#include "metrics/exposition.h"

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

void add_success(
    const std::string& collector, double success, const Labels& labels, Families& families
) {
  Labels with_collector = labels;
  with_collector.push_back({"collector", collector});
  families.add(
      "pg_exporter_collector_success",
      MetricType::Gauge,
      "Whether the query of this name answered when it last ran",
      std::move(with_collector),
      success
  );
}

void add_drops(const PageDrop& drop, const Labels& labels, Families& families) {
  const auto add = [&](const char* reason, std::size_t count) {
    if (count == 0) {
      return;
    }
    Labels with_reason = labels;
    with_reason.push_back({"collector", drop.query});
    with_reason.push_back({"reason", reason});
    families.add(
        "pg_exporter_dropped_samples",
        MetricType::Gauge,
        "Samples of the last result that the page cannot show: duplicates, or texts that are no "
        "number",
        std::move(with_reason),
        static_cast<double>(count)
    );
  };
  add("duplicate", drop.dropped.duplicates);
  add("unreadable", drop.dropped.unreadable);
}

std::vector<PageDrop> add_server_queries(
    const ServerPage& server, const Labels& labels, Families& families
) {
  std::vector<PageDrop> drops;
  for (const QueryRows& result : server.queries) {
    add_success(result.query->name, result.rows != nullptr ? 1 : 0, labels, families);
    if (result.rows == nullptr) {
      continue;
    }
    PageDrop drop{
        .server = server.name,
        .query = result.query->name,
        .dropped = add_query_families(*result.query, *result.rows, labels, families),
    };
    if (drop.dropped != DroppedSamples{}) {
      add_drops(drop, labels, families);
      drops.push_back(std::move(drop));
    }
  }
  for (const std::string& name : server.broken_queries) {
    add_success(name, 0, labels, families);
  }
  return drops;
}

void add_server_counters(const ServerPage& server, const Labels& labels, Families& families) {
  families.add(
      "pg_exporter_connections_opened_total",
      MetricType::Counter,
      "Connections opened to the server",
      labels,
      static_cast<double>(server.connections_opened)
  );
  for (const auto& [reason, count] : server.errors) {
    Labels with_reason = labels;
    with_reason.push_back({"reason", std::string{to_string(reason)}});
    families.add(
        "pg_exporter_errors_total",
        MetricType::Counter,
        "Attempts to connect and statements that failed",
        std::move(with_reason),
        static_cast<double>(count)
    );
  }
}

}  // namespace

Page render_page(
    std::span<const ClusterPage> clusters, const SelfFacts& self, const Clocks& clocks
) {
  Families families;
  Page made;
  for (const ClusterPage& page : clusters) {
    add_cluster_families(
        {.cluster = *page.cluster,
         .configured = *page.configured,
         .now = clocks.now,
         .wall_clock_now = clocks.wall_clock_now},
        families
    );
    for (const ServerPage& server : page.servers) {
      const Labels labels = base_labels(*page.configured, server.name);
      auto drops = add_server_queries(server, labels, families);
      made.drops.insert(made.drops.end(), drops.begin(), drops.end());
      add_server_counters(server, labels, families);
    }
  }
  add_self_families(self, families);
  const auto taken = std::move(families).take();
  made.text = render(taken);
  return made;
}

}  // namespace pgrepl::metrics
