// What Watch does to change what it runs by.
#include "catalogue/load.h"
#include "start/query_switches.h"
#include "watch/watch.h"

#include <algorithm>
#include <utility>

namespace pgrepl::watch {

void Watch::apply(Setup setup) {
  config_ = std::move(setup.config);
  auto queries = std::make_shared<sampling::Queries>();
  queries->switches = to_switches(config_.queries, setup.catalogue);
  queries->catalogue = std::move(setup.catalogue);
  catalogue::name_databases(queries->catalogue, queries->switches.databases);
  queries->most_series = config_.limits.series_per_server;
  queries_ = std::move(queries);
  outside_.network.set_limits(
      {.answer_bytes = config_.limits.answer_bytes, .text_bytes = config_.limits.text_bytes}
  );
  longest_round_ = config_.sampling.timeout;
  self_.reload_failed = false;
  self_.config_loaded_at = outside_.loop.clock.wall_now();
  self_.query_files = queries_->catalogue.user_files;
  watch_clusters(config_.clusters);
  observe_alarm_.cancel();  // the pace may have changed
}

// A cluster keeps its memory, and so its history, for as long as it keeps its name.
void Watch::watch_clusters(const std::vector<config::Cluster>& configured) {
  std::vector<WatchedCluster> before = std::exchange(clusters_, {});
  // Tasks that are started below refer to the pollers, never to the clusters that hold them.
  for (const config::Cluster& cluster : configured) {
    const auto same = std::ranges::find_if(before, [&cluster](const WatchedCluster& known) {
      return known.configured.name == cluster.name;
    });
    WatchedCluster watched{supervisor_};
    if (same != before.end()) {
      watched = std::move(*same);
      before.erase(same);
    }
    for (const auto& poller : watched.pollers) {
      poller->use(queries_);
    }
    reconfigure(watched, cluster, makers(cluster.name), now());
    clusters_.push_back(std::move(watched));
  }
  for (WatchedCluster& gone : before) {
    dissolve(gone);
    dissolved_.push_back(std::move(gone));
  }
}

Makers Watch::makers(const std::optional<std::string>& cluster) {
  return {
      .sampling = config_.sampling,
      .limits = config_.limits,
      .poller = [this,
                 cluster](const config::Server& server) { return start_poller(cluster, server); },
      .prober = [this](const probing::Target& target) { return start_prober(target); },
      .discoverer = [this](const config::Cluster& configured
                    ) { return start_discoverer(configured); },
  };
}

std::unique_ptr<sampling::Poller> Watch::start_poller(
    const std::optional<std::string>& cluster, const config::Server& server
) {
  auto made = std::make_unique<sampling::Poller>(
      outside_.loop, supervisor_, outside_.network, cluster, server, config_.sampling, queries_
  );
  sampling::Poller* const poller = made.get();
  loop::Turns turns{
      .name = "tick",
      .turn = [poller] { return poller->tick(); },
      .is_over = [poller] { return poller->stopped(); },
      .failed = [poller](const std::string&) { poller->tick_failed(); }};
  supervisor_.keep(poller, std::move(turns));
  return made;
}

std::unique_ptr<probing::Prober> Watch::start_prober(const probing::Target& target) {
  auto made = probing::make_prober(outside_.loop, outside_.network, target, config_.sampling);
  probing::Prober* const prober = made.get();
  loop::Turns turns{
      .name = prober->kind(),
      .turn = [prober] { return prober->turn(); },
      .is_over = [prober] { return prober->is_stopped(); },
      .failed = [prober](const std::string& why) { prober->failed(why); }};
  supervisor_.keep(prober, std::move(turns));
  return made;
}

std::unique_ptr<discovery::Discoverer> Watch::start_discoverer(const config::Cluster& configured) {
  auto made = std::make_unique<discovery::Discoverer>(
      outside_, configured, config_.sampling.timeout, config_.limits.discovered_servers
  );
  discovery::Discoverer* const discoverer = made.get();
  for (std::size_t i = 0; i < discoverer->sources(); ++i) {
    loop::Turns turns{
        .name = "discovery",
        .turn = [discoverer, i] { return discoverer->turn(i); },
        .is_over = [discoverer] { return discoverer->is_stopped(); },
        .failed = [discoverer, i](const std::string& why) { discoverer->failed(i, why); }};
    supervisor_.keep(discoverer, std::move(turns));
  }
  return made;
}

}  // namespace pgrepl::watch
