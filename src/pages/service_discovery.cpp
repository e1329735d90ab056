#include "pages/service_discovery.h"

#include <nlohmann/json.hpp>

namespace pgrepl::pages {

namespace {

using Json = nlohmann::ordered_json;

std::string_view role_of(const cluster::Server& server) {
  if (!server.role) {
    return "unknown";
  }
  return *server.role == cluster::Role::Primary ? "primary" : "standby";
}

// Every target has the same address, so what tells them apart must be in their labels.
Json target_group(
    const std::string& address, const WatchedCluster& watched, const cluster::Server& server
) {
  const cluster::ServerSample& sample = server.sample;
  Json labels{
      {"__metrics_path__", "/probe"},
      {"__param_target", sample.name},
      {"__param_cluster", watched.cluster.name},
      {"instance", sample.name},
      {"__meta_pg_cluster", watched.cluster.name},
      {"__meta_pg_server", sample.name},
      {"__meta_pg_role", role_of(server)},
      {"__meta_pg_address", to_string(sample.endpoint)}};
  for (const auto& [name, value] : watched.labels) {
    labels["__meta_pg_label_" + name] = value;
  }
  return {{"targets", Json::array({address})}, {"labels", std::move(labels)}};
}

}  // namespace

std::string service_discovery_json(const Picture& picture, const std::string& address) {
  Json groups = Json::array();
  for (const WatchedCluster& watched : picture.clusters) {
    for (const cluster::Server& server : watched.cluster.servers) {
      groups.push_back(target_group(address, watched, server));
    }
  }
  return groups.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pgrepl::pages
