// All clusters as they were seen last: what every page for people and programs is made from.
#pragma once

#include "cluster/cluster.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::pages {

// From which lag on a standby deserves a look. The defaults serve where the configuration is
// silent.
struct LagLimits {
  cluster::Seconds warning{30};
  cluster::Seconds critical{300};
};

struct WatchedCluster {
  cluster::Cluster cluster;
  std::map<std::string, std::string> labels;
  std::optional<int> expected_standbys;
  std::map<std::string, LagLimits> lag_limits;  // by server
};

struct Picture {
  std::vector<WatchedCluster> clusters;
  cluster::Instant taken;
  double taken_at = 0;  // `taken` in seconds since the epoch
};

// Whether the server answers now, on the connection that collects too.
[[nodiscard]] inline bool answers(const cluster::Server& server) {
  return server.sample.tick && !server.sample.failure;
}

// The server's role if it says so itself now.
[[nodiscard]] inline bool answers_as(const cluster::Server& server, cluster::Role role) {
  return answers(server) && server.sample.tick->reading.role == role;
}

// Its own limits, else the defaults.
[[nodiscard]] inline LagLimits limits_of(const WatchedCluster& watched, const std::string& server) {
  const auto found = watched.lag_limits.find(server);
  return found == watched.lag_limits.end() ? LagLimits{} : found->second;
}

// An instant of the exporter's monotonic clock in seconds since the epoch.
[[nodiscard]] inline double epoch_seconds(const Picture& picture, cluster::Instant at) {
  return picture.taken_at - cluster::Seconds{picture.taken - at}.count();
}

// How long the server has been running, by its own clock. Absent while it does not answer.
[[nodiscard]] inline std::optional<cluster::Seconds> uptime(const cluster::Server& server) {
  if (!server.sample.tick) {
    return std::nullopt;
  }
  const cluster::TickReading& reading = server.sample.tick->reading;
  return cluster::Seconds{reading.server_time - reading.postmaster_start_time};
}

}  // namespace pgrepl::pages
