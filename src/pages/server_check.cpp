#include "pages/server_check.h"

#include "pages/quantities.h"

namespace pgrepl::pages {

namespace {

Verdict refuse(std::string reason) {
  return {.passed = false, .reason = std::move(reason)};
}

std::optional<Verdict> refuse_role(const cluster::Server& server, cluster::Role role) {
  const std::string& name = server.sample.name;
  if (server.sample.left_to_others) {
    return refuse(name + " is observed by other exporters; ask one of them");
  }
  if (!answers(server)) {
    return refuse(name + " does not answer");
  }
  if (server.standby && server.standby->state == cluster::StandbyState::Foreign) {
    return refuse(name + " belongs to another cluster");
  }
  if (!answers_as(server, role)) {
    return refuse(name + (role == cluster::Role::Primary ? " is a standby" : " is a primary"));
  }
  return std::nullopt;
}

// Why a standby's data is not that of its primary; null when it may be.
const char* find_misfit(cluster::StandbyState state) {
  switch (state) {
    case cluster::StandbyState::Diverged:
      return " is not on the timeline of its primary";
    case cluster::StandbyState::Foreign:
      return " belongs to another cluster";
    case cluster::StandbyState::Ahead:
      return " holds changes that its primary has lost";
    case cluster::StandbyState::Detached:
      return " receives from servers that receive nothing";
    default:
      return nullptr;
  }
}

}  // namespace

Verdict check_primary(const WatchedCluster& watched, const cluster::Server& server) {
  if (auto refused = refuse_role(server, cluster::Role::Primary)) {
    return *refused;
  }
  const cluster::Cluster& cluster = watched.cluster;
  const std::string& name = server.sample.name;
  if (cluster.stale_primary &&
      cluster.servers[*cluster.stale_primary].sample.name == server.same_as.value_or(name)) {
    return refuse(name + " answers as a primary on a timeline that the cluster has left");
  }
  if (!cluster.primary && cluster.primaries > 1) {
    return refuse(name + " is not the only primary");
  }
  if (!cluster.primary ||
      cluster.servers[*cluster.primary].sample.name != server.same_as.value_or(name)) {
    return refuse(name + " answers as a primary, but is not the primary of its cluster");
  }
  return {.passed = true, .reason = name + " is the primary"};
}

Verdict check_replica(const cluster::Server& server, const LagBounds& bounds) {
  if (auto refused = refuse_role(server, cluster::Role::Standby)) {
    return *refused;
  }
  const std::string& name = server.sample.name;
  if (!server.standby) {
    return refuse(name + " is not known to be a standby");
  }
  if (const char* misfit = find_misfit(server.standby->state)) {
    return refuse(name + misfit);
  }
  const cluster::ReplicationLag& lag = server.standby->lag;
  const std::string behind =
      name + " is " + format_time(lag.time) + " (" + format_bytes(lag.bytes) + ") behind";
  if ((bounds.time && !lag.time) || (bounds.bytes && !lag.bytes)) {
    return refuse("the lag of " + name + " is not known");
  }
  if ((bounds.time && *lag.time > *bounds.time) || (bounds.bytes && *lag.bytes > *bounds.bytes)) {
    return refuse(behind);
  }
  return {.passed = true, .reason = lag.time ? behind : name + " is a standby"};
}

std::vector<FoundServer> find_servers(
    const Picture& picture, std::string_view name, std::string_view cluster
) {
  std::vector<FoundServer> found;
  for (const WatchedCluster& watched : picture.clusters) {
    for (const cluster::Server& server : watched.cluster.servers) {
      if (server.sample.name == name && (cluster.empty() || watched.cluster.name == cluster)) {
        found.push_back({&watched, &server});
      }
    }
  }
  return found;
}

}  // namespace pgrepl::pages
