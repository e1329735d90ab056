#include "metrics/page.h"

#include "exposition/exposition.h"
#include "metrics/cluster_families.h"
#include "metrics/gauge_writer.h"

#include <algorithm>
#include <utility>

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

struct CollectorRow {
  std::string_view success;
  std::string_view duration;
};

// Under our own names and under those that users of the community exporter know.
constexpr CollectorRow kCollectorRows[] = {
    {"pg_exporter_collector_success", "pg_exporter_collector_duration_seconds"},
    {"pg_scrape_collector_success", "pg_scrape_collector_duration_seconds"},
};

void add_collector(
    const std::string& collector,
    bool succeeded,
    std::optional<double> seconds,
    const Labels& labels,
    Families& families
) {
  Labels with_collector = labels;
  with_collector.add("collector", collector);
  for (const CollectorRow& row : kCollectorRows) {
    families.add(
        row.success,
        MetricType::Gauge,
        "Whether the query of this name answered when it last ran",
        with_collector,
        succeeded ? 1 : 0
    );
    if (seconds) {
      families.add(
          row.duration,
          MetricType::Gauge,
          "How long the query of this name took on the server when it last ran",
          with_collector,
          *seconds
      );
    }
  }
}

void add_drops(const PageDrop& drop, const Labels& labels, Families& families) {
  const auto add = [&](const char* reason, std::size_t count) {
    if (count == 0) {
      return;
    }
    Labels with_reason = labels;
    with_reason.add({{"collector", drop.query}, {"reason", reason}});
    families.add(
        "pg_exporter_dropped_samples",
        MetricType::Gauge,
        "Samples of the last result that the page cannot show: duplicates, or texts that are no "
        "number",
        with_reason,
        static_cast<double>(count)
    );
  };
  add("duplicate", drop.dropped.duplicates);
  add("unreadable", drop.dropped.unreadable);
}

std::vector<PageDrop> add_server_queries(
    const ServerPage& server, const Labels& labels, const Selection& selection, Families& families
) {
  std::vector<PageDrop> drops;
  for (const QueryRows& result : server.queries) {
    if (!selection.has(result.query->name)) {
      continue;
    }
    add_collector(result.query->name, result.rows != nullptr, result.seconds, labels, families);
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
    if (selection.has(name)) {
      add_collector(name, false, std::nullopt, labels, families);
    }
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
  if (server.databases_left_out) {
    families.add(
        "pg_exporter_databases_left_out",
        MetricType::Gauge,
        "Databases that are not asked, beyond the first hundred by name",
        labels,
        static_cast<double>(*server.databases_left_out)
    );
  }
  for (const auto& [reason, count] : server.errors) {
    Labels with_reason = labels;
    with_reason.add("reason", to_string(reason));
    families.add(
        "pg_exporter_errors_total",
        MetricType::Counter,
        "Attempts to connect and statements that failed",
        with_reason,
        static_cast<double>(count)
    );
  }
}

struct ProbeOutcome {
  bool up;
  bool whole;  // no query failed either
  double seconds;
};

void add_probe_outcome(const ProbeOutcome& outcome, Families& families) {
  families.add(
      "probe_success", MetricType::Gauge, "Whether the server answered", {}, outcome.up ? 1 : 0
  );
  families.add(
      "pg_exporter_last_scrape_duration_seconds",
      MetricType::Gauge,
      "How long this probe took",
      {},
      outcome.seconds
  );
  families.add(
      "pg_exporter_last_scrape_error",
      MetricType::Gauge,
      "1 when the server or a query did not answer this probe",
      {},
      outcome.whole ? 0 : 1
  );
}

}  // namespace

PageFamilies collect_page(
    std::span<const ClusterPage> clusters,
    const SelfFacts& self,
    const Clocks& clocks,
    const Selection& selection
) {
  Families families;
  PageFamilies made;
  for (const ClusterPage& page : clusters) {
    if (selection.has(kClusterGroup)) {
      add_cluster_families(
          {.cluster = *page.cluster,
           .configured = *page.configured,
           .now = clocks.now,
           .wall_clock_now = clocks.wall_clock_now},
          families
      );
    }
    for (const ServerPage& server : page.servers) {
      const Labels labels = base_labels(*page.configured, server.name);
      auto drops = add_server_queries(server, labels, selection, families);
      made.drops.insert(made.drops.end(), drops.begin(), drops.end());
      if (selection.has(kExporterGroup)) {
        add_server_counters(server, labels, families);
      }
    }
  }
  if (selection.has(kExporterGroup)) {
    add_self_families(self, families);
  }
  made.families = std::move(families).take();
  return made;
}

Page render_page(
    std::span<const ClusterPage> clusters,
    const SelfFacts& self,
    const Clocks& clocks,
    const Selection& selection
) {
  PageFamilies collected = collect_page(clusters, self, clocks, selection);
  return {.text = render(collected.families), .drops = std::move(collected.drops)};
}

std::string render_probe(
    const ClusterPage& cluster, const ServerPage& server, const Clocks& clocks, double seconds
) {
  Families families;
  const ClusterView view{
      .cluster = *cluster.cluster,
      .configured = *cluster.configured,
      .now = clocks.now,
      .wall_clock_now = clocks.wall_clock_now,
  };
  const auto& servers = cluster.cluster->servers;
  const auto found = std::ranges::find_if(servers, [&server](const cluster::Server& known) {
    return known.sample.name == server.name;
  });
  const bool up = found != servers.end() && found->sample.tick && !found->sample.failure;
  if (found != servers.end()) {
    add_families_of_server(view, *found, {}, families);
  }
  const bool whole = up && std::ranges::all_of(server.queries, &QueryRows::rows);
  add_probe_outcome({.up = up, .whole = whole, .seconds = seconds}, families);
  (void)add_server_queries(server, {}, {}, families);
  return render(std::move(families).take());
}

}  // namespace pgrepl::metrics
