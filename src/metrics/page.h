// The whole page of /metrics, from the clusters, what the queries brought, and the exporter itself.
#pragma once

#include "catalogue/query.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "metrics/query_families.h"
#include "metrics/selection.h"
#include "metrics/self_families.h"
#include "pg/result_set.h"
#include "pg/sql_state.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::metrics {

// The last result of one query on one server.
struct QueryRows {
  const catalogue::Query* query;
  const pg::ResultSet* rows;      // null when it failed
  std::optional<double> seconds;  // that it took on the server
};

struct ServerPage {
  std::string name;
  std::vector<QueryRows> queries;
  std::vector<std::string> broken_queries;  // whose files do not let them run
  std::uint64_t connections_opened = 0;
  std::map<pg::FailureReason, std::uint64_t> errors;
  std::optional<std::uint64_t> databases_left_out;  // absent where only one is asked
};

struct ClusterPage {
  const cluster::Cluster* cluster;
  const config::Cluster* configured;
  std::vector<ServerPage> servers;
};

// One reading of the exporter's two clocks.
struct Clocks {
  cluster::Instant now;
  double wall_clock_now;  // seconds since the epoch
};

// What of one query's rows the page could not show.
struct PageDrop {
  std::string server;
  std::string query;
  DroppedSamples dropped;
};

struct PageFamilies {
  std::vector<Family> families;
  std::vector<PageDrop> drops;
};

[[nodiscard]] PageFamilies collect_page(
    std::span<const ClusterPage> clusters,
    const SelfFacts& self,
    const Clocks& clocks,
    const Selection& selection
);

// The series of one server under no labels but their own, with probe_success and what dashboards
// of the community exporter choose their servers by. `server` of the cluster is absent when it is
// not in it; `seconds` is how long it was asked.
[[nodiscard]] std::string render_probe(
    const ClusterPage& cluster, const ServerPage& server, const Clocks& clocks, double seconds
);

struct Page {
  std::string text;
  std::vector<PageDrop> drops;
};

[[nodiscard]] Page render_page(
    std::span<const ClusterPage> clusters,
    const SelfFacts& self,
    const Clocks& clocks,
    const Selection& selection
);

}  // namespace pgrepl::metrics
