#include "metrics/page.h"

#include "metrics/cluster_families.h"
#include "metrics/exposition.h"
#include "metrics/query_families.h"

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

void add_server_queries(const ServerPage& server, const Labels& labels, Families& families) {
  for (const QueryRows& result : server.queries) {
    Labels with_collector = labels;
    with_collector.push_back({"collector", result.query->name});
    families.add(
        "pg_exporter_collector_success",
        MetricType::Gauge,
        "Whether the query of this name answered when it last ran",
        std::move(with_collector),
        result.rows != nullptr ? 1 : 0
    );
    if (result.rows != nullptr) {
      add_query_families(*result.query, *result.rows, labels, families);
    }
  }
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

std::string render_page(
    std::span<const ClusterPage> clusters, const SelfFacts& self, const Clocks& clocks
) {
  Families families;
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
      add_server_queries(server, labels, families);
      add_server_counters(server, labels, families);
    }
  }
  add_self_families(self, families);
  const auto taken = std::move(families).take();
  return render(taken);
}

}  // namespace pgrepl::metrics
