#include "metrics/cluster_families.h"

#include "metrics/gauge_writer.h"
#include "metrics/pgbouncer_families.h"

#include <algorithm>
#include <utility>

namespace pgrepl::metrics {

namespace {

using cluster::Server;
using prometheus::MetricType;

void add_counts(const ClusterView& view, GaugeWriter& out) {
  const cluster::Cluster& cluster = view.cluster;
  const auto streams = [](const Server& server) {
    const auto* reading = reading_of(server);
    return server.standby && reading != nullptr && reading->receiver && !server.same_as &&
           follows(*server.standby) && reading->receiver->status == "streaming";
  };
  out.gauge(
      "pg_cluster_primaries",
      "Servers that answer as a primary",
      static_cast<double>(cluster.primaries)
  );
  const auto streaming = static_cast<double>(std::ranges::count_if(cluster.servers, streams));
  out.gauge("pg_cluster_streaming_standbys", "Standbys whose WAL receiver is streaming", streaming);
  for (const auto role : {cluster::ClusterRole::Origin, cluster::ClusterRole::Standby}) {
    out.gauge(
        "pg_cluster_role",
        "Whether the cluster has its primary among these servers, or follows one elsewhere",
        {{"role", std::string{to_string(role)}}},
        truth(cluster.role == role)
    );
  }
  out.gauge("pg_cluster_timeline", "Timeline of the primary", number(cluster.timeline));
}

void add_system_identifiers(const ClusterView& view, GaugeWriter& out) {
  std::vector<pg::SystemIdentifier> seen;
  for (const Server& server : view.cluster.servers) {
    const auto birth = cluster::birth_of(server.sample);
    if (birth && std::ranges::find(seen, *birth) == seen.end()) {
      seen.push_back(*birth);
    }
  }
  out.gauge(
      "pg_cluster_system_identifiers",
      "Different system identifiers among its servers; more than one is a mistake",
      static_cast<double>(seen.size())
  );
}

void add_failovers(const ClusterView& view, Families& families, GaugeWriter& out) {
  const cluster::Cluster& cluster = view.cluster;
  families.add(
      "pg_cluster_failovers_total",
      MetricType::Counter,
      "Promotions seen since the exporter started",
      out.labels(),
      static_cast<double>(cluster.failovers)
  );
  if (cluster.last_failover) {
    const double when = wall_clock(view, *cluster.last_failover);
    out.gauge("pg_cluster_last_failover_timestamp_seconds", "When the last one was seen", when);
  }
  out.gauge(
      "pg_cluster_last_failover_downtime_seconds",
      "From the last answer of the old primary to the first of the new one",
      seconds(cluster.last_failover_downtime)
  );
}

void add_commits_waiting(const cluster::Cluster& cluster, GaugeWriter& out) {
  if (const auto& waiting = cluster.commits_waiting) {
    out.gauge(
        "pg_cluster_commits_waiting",
        "Sessions that wait for synchronous replication",
        static_cast<double>(waiting->sessions)
    );
    out.gauge(
        "pg_cluster_commits_waiting_seconds",
        "How long the first of them has waited; 0 when none does",
        waiting->longest.value_or(cluster::Seconds::zero()).count()
    );
  }
}

void add_sync_standbys(const cluster::Cluster& cluster, GaugeWriter& out) {
  if (cluster.sync_standbys) {
    out.gauge(
        "pg_cluster_sync_standbys",
        "Standbys that take part in synchronous commits",
        static_cast<double>(cluster.sync_standbys->present)
    );
    out.gauge(
        "pg_cluster_sync_standbys_required",
        "Standbys that synchronous_standby_names asks for",
        static_cast<double>(cluster.sync_standbys->required)
    );
  }
}

void add_safety(const cluster::Cluster& cluster, GaugeWriter& out) {
  out.gauge(
      "pg_cluster_data_loss_exposure_bytes",
      "WAL that would be lost if the primary died now",
      number(cluster.data_loss.bytes)
  );
  out.gauge(
      "pg_cluster_data_loss_exposure_seconds",
      "Age of the oldest change that would be lost if the primary died now",
      seconds(cluster.data_loss.time)
  );
  out.gauge(
      "pg_cluster_archive_exposure_bytes",
      "WAL that a restore from the archive would lack",
      number(cluster.archive.bytes)
  );
  out.gauge(
      "pg_cluster_archive_exposure_seconds",
      "Age of the oldest change that a restore from the archive would lack",
      seconds(cluster.archive.time)
  );
  add_sync_standbys(cluster, out);
  add_commits_waiting(cluster, out);
  if (cluster.best_candidate) {
    out.gauge(
        "pg_cluster_best_candidate_info",
        "The standby whose promotion would lose least",
        {{"candidate", *cluster.best_candidate}},
        1
    );
  }
}

// What does not depend on what the servers say.
void add_configured(const ClusterView& view, GaugeWriter& out) {
  const auto& servers = view.cluster.servers;
  const auto is_one = [](const Server& server) { return !server.same_as; };
  const auto size = static_cast<std::size_t>(std::ranges::count_if(servers, is_one));
  out.gauge("pg_cluster_servers", "Known servers", static_cast<double>(size));
  const double expected = view.configured.expected_standbys.value_or(
      static_cast<int>(std::max<std::size_t>(size, 1)) - 1
  );
  out.gauge("pg_cluster_expected_standbys", "Standbys there should be", expected);
  constexpr std::string_view kName = "pg_cluster_objective_seconds";
  constexpr std::string_view kHelp = "Configured recovery objective";
  const config::Objectives& objectives = view.configured.objectives;
  out.gauge(kName, kHelp, {{"objective", "rpo"}}, seconds(objectives.rpo));
  out.gauge(kName, kHelp, {{"objective", "rto"}}, seconds(objectives.rto));
}

void add_anomalies(const ClusterView& view, GaugeWriter& out) {
  const auto& findings = view.cluster.anomalies;
  for (const cluster::Anomaly anomaly : cluster::kAnomalies) {
    const bool holds =
        std::ranges::find(findings, anomaly, &cluster::AnomalyFinding::anomaly) != findings.end();
    const std::string word{to_string(anomaly)};
    out.gauge(
        "pg_cluster_anomaly", "What is wrong with the cluster", {{"anomaly", word}}, truth(holds)
    );
  }
}

}  // namespace

Labels base_labels(const config::Cluster& configured, const std::string& server) {
  Labels labels{{"cluster", configured.name}};
  if (!server.empty()) {
    labels.add("server", server);
  }
  for (const auto& [name, value] : configured.labels) {
    labels.add(name, value);
  }
  return labels;
}

void add_families_of_server(
    const ClusterView& view, const Server& server, Labels labels, Families& families
) {
  GaugeWriter out{families, std::move(labels)};
  add_server_families(view, server, out);
  if (server.standby) {
    add_standby_families(view, server, *server.standby, out);
  }
  add_sender_families(view, server, out);
  for (const cluster::SlotStatus& slot : server.slots) {
    add_slot_families(slot, out);
  }
}

void add_cluster_families(const ClusterView& view, Families& families) {
  for (const Server& server : view.cluster.servers) {
    add_families_of_server(
        view, server, base_labels(view.configured, server.sample.name), families
    );
  }
  GaugeWriter out{families, base_labels(view.configured, "")};
  add_configured(view, out);
  if (view.cluster.observed) {
    add_counts(view, out);
    add_system_identifiers(view, out);
    add_failovers(view, families, out);
    add_safety(view.cluster, out);
    add_anomalies(view, out);
  }
  for (const cluster::EndpointStatus& endpoint : view.cluster.endpoints) {
    add_endpoint_families(endpoint, out);
  }
  for (const cluster::PgBouncerStatus& pgbouncer : view.cluster.pgbouncers) {
    add_pgbouncer_families(pgbouncer, out.labels(), families);
  }
}

}  // namespace pgrepl::metrics
