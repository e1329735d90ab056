#include "pages/api_json.h"

#include "pages/problems.h"
#include "pages/quantities.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace pgrepl::pages {

namespace {

// Members stay in the order in which they are written: people read this too.
using Json = nlohmann::ordered_json;
using cluster::Server;
using cluster::Standby;

Json number(double value) {
  // JSON has no infinity; Prometheus' own API writes it as this text.
  return std::isinf(value) ? Json("+Inf") : Json(value);
}

Json seconds(const std::optional<cluster::Seconds>& time) {
  return time ? number(time->count()) : Json{};
}

template <class T>
Json optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json{};
}

Json position(const std::optional<pg::Lsn>& lsn) {
  return lsn ? Json(to_string(*lsn)) : Json{};
}

Json timeline(const std::optional<pg::TimelineId>& id) {
  return id ? Json(static_cast<std::uint32_t>(*id)) : Json{};
}

Json timestamp(const Picture& picture, const std::optional<cluster::Instant>& at) {
  return at ? Json(format_timestamp(epoch_seconds(picture, *at))) : Json{};
}

Json exposure_json(const cluster::Exposure& exposure) {
  return {{"bytes", optional(exposure.bytes)}, {"seconds", seconds(exposure.time)}};
}

Json lag_json(const cluster::ReplicationLag& lag) {
  return {
      {"seconds", seconds(lag.time)},
      {"bytes", optional(lag.bytes)},
      {"uncertainty_seconds", seconds(lag.uncertainty)},
      {"basis", to_string(lag.basis)}};
}

Json upstream_json(const std::optional<cluster::Upstream>& upstream) {
  if (!upstream) {
    return {};
  }
  return {
      {"server", upstream->server},
      {"application_name", upstream->application_name},
      {"slot_name", optional(upstream->slot_name)},
      {"evidence", to_string(upstream->evidence)}};
}

Json stages_json(const Standby& standby) {
  Json stages = Json::object();
  for (const cluster::Stage stage : cluster::kStages) {
    const cluster::StageLag& lag = standby.stages.at(static_cast<std::size_t>(stage));
    stages[std::string{to_string(stage)}] = {
        {"seconds", seconds(lag.time)}, {"bytes", optional(lag.bytes)}};
  }
  return stages;
}

Json standby_json(const Picture& picture, const Server& server, const LagLimits& limits) {
  if (!server.standby) {
    return {};
  }
  const Standby& standby = *server.standby;
  const auto& facts = server.sample.facts;
  const auto delay = facts ? facts->recovery_min_apply_delay : std::nullopt;
  return {
      {"state", to_string(standby.state)},
      {"state_since", timestamp(picture, standby.state_since)},
      {"lag", lag_json(standby.lag)},
      {"lag_limits",
       {{"warning_seconds", limits.warning.count()},
        {"critical_seconds", limits.critical.count()}}},
      {"stages", stages_json(standby)},
      {"bottleneck", standby.bottleneck ? Json(to_string(*standby.bottleneck)) : Json{}},
      {"upstream", upstream_json(standby.upstream)},
      {"replay_bytes_per_second", optional(standby.replay_bytes_per_second)},
      {"catchup_seconds", seconds(standby.catchup)},
      {"last_message_age_seconds", seconds(standby.last_message_age)},
      {"configured_delay_seconds", delay ? Json(cluster::Seconds{*delay}.count()) : Json{}},
      {"failover_ready", standby.failover_ready},
      {"evidence", standby.evidence}};
}

Json senders_json(const Server& server) {
  Json senders = Json::array();
  if (!server.sample.tick) {
    return senders;
  }
  for (const cluster::WalSender& sender : server.sample.tick->reading.senders) {
    senders.push_back(
        {{"application_name", sender.application_name},
         {"client_addr", optional(sender.client_addr)},
         {"state", sender.state},
         {"sync_state", sender.sync_state},
         {"slot_name", optional(sender.slot_name)},
         {"sent", position(sender.sent)},
         {"write", position(sender.write)},
         {"flush", position(sender.flush)},
         {"replay", position(sender.replay)}}
    );
  }
  return senders;
}

Json slots_json(const Server& server) {
  Json slots = Json::array();
  for (const cluster::SlotStatus& status : server.slots) {
    slots.push_back(
        {{"name", status.slot.name},
         {"type", status.slot.type},
         {"database", status.slot.database.empty() ? Json{} : Json(status.slot.database)},
         {"active", status.slot.active},
         {"wal_status", optional(status.slot.wal_status)},
         {"retained_bytes", optional(status.retained_bytes)},
         {"safe_wal_bytes", optional(status.slot.safe_wal_bytes)},
         {"time_to_loss_seconds", seconds(status.time_to_loss)},
         {"inactive_seconds", seconds(status.inactive)},
         {"stalled_seconds", seconds(status.stalled)},
         {"lag_seconds", seconds(status.lag.time)},
         {"holds_wal", status.holds_wal},
         {"invalidation_reason", optional(invalidation_of(status.slot))}}
    );
  }
  return slots;
}

Json role_json(const std::optional<cluster::Role>& role) {
  if (!role) {
    return {};
  }
  return *role == cluster::Role::Primary ? "primary" : "standby";
}

Json system_identifier(const Server& server) {
  const auto birth = cluster::birth_of(server.sample);
  // As text: it has 64 bits, a number in JSON is safe up to 53.
  return birth ? Json(std::to_string(static_cast<std::uint64_t>(*birth))) : Json{};
}

Json round_trip(const Server& server) {
  const auto& tick = server.sample.tick;
  return tick ? Json(cluster::Seconds{tick->received - tick->sent}.count()) : Json{};
}

Json failure_json(const Server& server) {
  if (answers(server) || !server.sample.failure) {
    return {};
  }
  return {
      {"reason", to_string(server.sample.failure->reason)},
      {"message", server.sample.failure->message}};
}

Json server_json(const Picture& picture, const WatchedCluster& watched, const Server& server) {
  const cluster::ServerSample& sample = server.sample;
  const auto& facts = sample.facts;
  return {
      {"name", sample.name},
      {"host", sample.endpoint.host},
      {"port", sample.endpoint.port},
      {"up", is_up(server.sample)},
      {"failure", failure_json(server)},
      {"role", role_json(server.role)},
      {"same_as", optional(server.same_as)},
      {"version", facts ? Json(to_string(facts->version)) : Json{}},
      {"cluster_name", facts ? Json(facts->cluster_name) : Json{}},
      {"system_identifier", system_identifier(server)},
      {"timeline", timeline(server.timeline)},
      {"position", sample.tick ? position(sample.tick->reading.position) : Json{}},
      {"uptime_seconds", seconds(uptime(server))},
      {"round_trip_seconds", round_trip(server)},
      {"standby", standby_json(picture, server, limits_of(watched, sample.name))},
      {"senders", senders_json(server)},
      {"slots", slots_json(server)}};
}

Json problems_json(std::span<const Problem> problems) {
  Json list = Json::array();
  for (const Problem& problem : problems) {
    list.push_back(
        {{"severity", to_string(problem.severity)},
         {"server", problem.server.empty() ? Json{} : Json(problem.server)},
         {"message", problem.message},
         {"advice", problem.advice},
         {"kind", problem.kind.empty() ? Json{} : Json(problem.kind)},
         {"evidence", problem.evidence.empty() ? Json{} : Json(problem.evidence)}}
    );
  }
  return list;
}

Json anomalies_json(const cluster::Cluster& cluster) {
  Json list = Json::array();
  for (const cluster::AnomalyFinding& finding : cluster.anomalies) {
    list.push_back({{"anomaly", to_string(finding.anomaly)}, {"evidence", finding.evidence}});
  }
  return list;
}

Json failure_json(const std::optional<cluster::Failure>& failure) {
  return failure ? Json{{"reason", to_string(failure->reason)}, {"message", failure->message}}
                 : Json{};
}

Json endpoints_json(const cluster::Cluster& cluster) {
  Json list = Json::array();
  for (const cluster::EndpointStatus& status : cluster.endpoints) {
    const cluster::EndpointProbe& probe = status.probe;
    const bool was_tried = probe.reading || probe.failure;
    list.push_back(
        {{"name", probe.name},
         {"expect", probe.expects_any ? Json("any") : role_json(probe.expect)},
         {"ok", was_tried ? Json(status.ok) : Json{}},
         {"server", optional(status.server)},
         {"role", probe.reading ? role_json(probe.reading->role) : Json{}},
         {"failure", failure_json(probe.failure)},
         {"duration_seconds", was_tried ? Json(probe.duration.count()) : Json{}}}
    );
  }
  return list;
}

Json pgbouncers_json(const cluster::Cluster& cluster) {
  Json list = Json::array();
  for (const cluster::PgBouncerStatus& status : cluster.pgbouncers) {
    const cluster::PgBouncerProbe& probe = status.probe;
    Json databases = Json::array();
    for (const cluster::PgBouncerRoute& route : status.routes) {
      databases.push_back(
          {{"name", route.database},
           {"servers", route.servers},
           {"leads_to_primary", optional(route.leads_to_primary)},
           {"evidence", route.evidence}}
      );
    }
    const bool was_tried = probe.reading || probe.failure;
    list.push_back(
        {{"name", probe.name},
         {"up", was_tried ? Json(probe.reading.has_value()) : Json{}},
         {"failure", failure_json(probe.failure)},
         {"databases", std::move(databases)}}
    );
  }
  return list;
}

Json sync_json(const std::optional<cluster::SyncStandbys>& sync) {
  return sync ? Json{{"present", sync->present}, {"required", sync->required}} : Json{};
}

Json waiting_json(const std::optional<cluster::CommitsWaiting>& waiting) {
  return waiting ? Json{{"sessions", waiting->sessions}, {"seconds", seconds(waiting->longest)}}
                 : Json{};
}

Json cluster_json(const Picture& picture, const WatchedCluster& watched) {
  const cluster::Cluster& cluster = watched.cluster;
  const auto problems = find_problems(watched);
  Json labels = Json::object();
  for (const auto& [name, value] : watched.labels) {
    labels[name] = value;
  }
  Json servers = Json::array();
  for (const Server& server : cluster.servers) {
    servers.push_back(server_json(picture, watched, server));
  }
  const auto primary =
      cluster.primary ? Json(cluster.servers[*cluster.primary].sample.name) : Json{};
  return {
      {"name", cluster.name},
      {"labels", std::move(labels)},
      {"observed", cluster.observed},
      {"health", to_string(health_of(problems))},
      {"problems", problems_json(problems)},
      {"anomalies", anomalies_json(cluster)},
      {"role", to_string(cluster.role)},
      {"primary", primary},
      {"primaries", cluster.primaries},
      {"timeline", timeline(cluster.timeline)},
      {"expected_standbys", optional(watched.expected_standbys)},
      {"sync_standbys", sync_json(cluster.sync_standbys)},
      {"commits_waiting", waiting_json(cluster.commits_waiting)},
      {"data_loss_exposure", exposure_json(cluster.data_loss)},
      {"archive_exposure", exposure_json(cluster.archive)},
      {"endpoints", endpoints_json(cluster)},
      {"pgbouncers", pgbouncers_json(cluster)},
      {"best_candidate", optional(cluster.best_candidate)},
      {"failovers", cluster.failovers},
      {"last_failover_at", timestamp(picture, cluster.last_failover)},
      {"last_failover_downtime_seconds", seconds(cluster.last_failover_downtime)},
      {"servers", std::move(servers)}};
}

std::string dump(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool is_wanted(const cluster::LoggedEvent& logged, const EventFilter& filter) {
  return (filter.cluster.empty() || logged.cluster == filter.cluster) &&
         (filter.server.empty() || logged.event.server == filter.server);
}

}  // namespace

std::string clusters_json(const Picture& picture) {
  Json clusters = Json::array();
  for (const WatchedCluster& watched : picture.clusters) {
    clusters.push_back(cluster_json(picture, watched));
  }
  return dump(
      {{"api_version", "v1"},
       {"taken_at", format_timestamp(picture.taken_at)},
       {"clusters", std::move(clusters)}}
  );
}

std::string events_json(const cluster::EventLog& log, const EventFilter& filter) {
  Json events = Json::array();
  for (auto logged = log.events().rbegin();
       logged != log.events().rend() && events.size() < filter.limit;
       ++logged) {
    if (is_wanted(*logged, filter)) {
      const std::string& server = logged->event.server;
      events.push_back(
          {{"at", format_timestamp(logged->at)},
           {"cluster", logged->cluster},
           {"server", server.empty() ? Json{} : Json(server)},
           {"kind", to_string(logged->event.kind)},
           {"message", logged->event.message}}
      );
    }
  }
  return dump({{"api_version", "v1"}, {"events", std::move(events)}});
}

}  // namespace pgrepl::pages
