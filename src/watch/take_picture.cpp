#include "watch/take_picture.h"

#include <algorithm>

namespace pgrepl::watch {

namespace {

// The server's own, else the cluster's, else those for everybody.
pages::LagLimits lag_limits(const config::Cluster& configured, const std::string& server) {
  config::LagThresholds thresholds = configured.lag_thresholds;
  const auto found = std::ranges::find(configured.servers, server, &config::Server::name);
  if (found != configured.servers.end()) {
    thresholds.warning = found->lag_thresholds.warning.has_value() ? found->lag_thresholds.warning
                                                                   : thresholds.warning;
    thresholds.critical = found->lag_thresholds.critical.has_value()
                              ? found->lag_thresholds.critical
                              : thresholds.critical;
  }
  pages::LagLimits limits;
  if (thresholds.warning) {
    limits.warning = *thresholds.warning;
  }
  if (thresholds.critical) {
    limits.critical = *thresholds.critical;
  }
  return limits;
}

}  // namespace

pages::WatchedCluster take_picture(
    const cluster::Cluster& seen, const config::Cluster& configured
) {
  pages::WatchedCluster watched{
      .cluster = seen,
      .labels = configured.labels,
      .expected_standbys = configured.expected_standbys,
      .lag_limits = {}};
  for (const cluster::Server& server : seen.servers) {
    watched.lag_limits[server.sample.name] = lag_limits(configured, server.sample.name);
  }
  return watched;
}

}  // namespace pgrepl::watch
