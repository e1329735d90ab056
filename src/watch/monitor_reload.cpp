// What Monitor does to change what it runs by: at the start, and for whoever asks for a reload.
#include "catalogue/load.h"
#include "log/log.h"
#include "start/query_switches.h"
#include "watch/monitor.h"

#include <algorithm>
#include <utility>

#include <asio/post.hpp>
#include <malloc.h>

namespace pgrepl {

namespace {

using namespace std::chrono_literals;

double wall_clock_now() {
  return cluster::Seconds{std::chrono::system_clock::now().time_since_epoch()}.count();
}

Errors mistakes_in(const Expected<Setup, Errors>& read) {
  return read ? catalogue::mistakes_of(read->catalogue) : read.error();
}

void log_refusal(const Errors& mistakes) {
  for (const InputError& mistake : mistakes) {
    log::write(
        log::Level::Error,
        "monitor",
        "configuration refused, the one before goes on",
        {{"reason", to_string(mistake)}}
    );
  }
}

void log_what_needs_a_restart(const config::Web& before, const config::Web& now) {
  if (before == now) {
    return;
  }
  log::write(
      log::Level::Warning,
      "monitor",
      "the section web and its flags count from the next start on; restart to apply them"
  );
}

void log_reload(const config::Config& config) {
  std::size_t servers = 0;
  for (const config::Cluster& cluster : config.clusters) {
    servers += cluster.servers.size();
  }
  log::write(
      log::Level::Info,
      "monitor",
      "configuration reloaded",
      {{"clusters", std::to_string(config.clusters.size())}, {"servers", std::to_string(servers)}}
  );
}

}  // namespace

Expected<void, std::string> Monitor::reload() {
  auto promise = std::make_shared<ReloadPromise::element_type>();
  auto future = promise->get_future();
  request_reload(std::move(promise));
  while (future.wait_for(50ms) != std::future_status::ready) {
    if (stopped_) {
      return Unexpected<std::string>{"the exporter is stopping\n"};
    }
  }
  return future.get();
}

void Monitor::request_reload(ReloadPromise waiter) {
  asio::post(reader_, [this, waiter = std::move(waiter)] {
    auto read = std::make_shared<Expected<Setup, Errors>>(read_setup_());
    asio::post(io_, [this, read, waiter] { waiter->set_value(take_setup(std::move(*read))); });
  });
}

Expected<void, std::string> Monitor::take_setup(Expected<Setup, Errors> read) {
  const Errors mistakes = mistakes_in(read);
  self_.reload_failed = !mistakes.empty();
  if (!mistakes.empty()) {
    log_refusal(mistakes);
    return Unexpected<std::string>{to_string(mistakes)};
  }
  if (stopped_) {
    return {};
  }
  log_what_needs_a_restart(config_.web, read->config.web);
  read->config.web = config_.web;
  apply(std::move(*read));
  log_reload(config_);
  // What reading the YAML took goes back: it would stay resident for good.
  malloc_trim(0);
  return {};
}

void Monitor::apply(Setup setup) {
  config_ = std::move(setup.config);
  auto queries = std::make_shared<sampling::Queries>();
  queries->switches = to_switches(config_.queries, setup.catalogue);
  queries->catalogue = std::move(setup.catalogue);
  catalogue::name_databases(queries->catalogue, queries->switches.databases);
  queries_ = std::move(queries);
  sampling_.publish(std::make_shared<config::Sampling>(config_.sampling));
  self_.config_loaded_at = wall_clock_now();
  self_.query_files = queries_->catalogue.user_files;
  watch_clusters(config_.clusters);
}

// A cluster keeps its memory, and so its history, for as long as it keeps its name.
void Monitor::watch_clusters(const std::vector<config::Cluster>& configured) {
  std::vector<WatchedCluster> before = std::exchange(clusters_, {});
  // Tasks that are started below refer to the pollers, never to the clusters that hold them.
  for (const config::Cluster& cluster : configured) {
    const auto same = std::ranges::find_if(before, [&cluster](const WatchedCluster& known) {
      return known.configured.name == cluster.name;
    });
    WatchedCluster watched;
    if (same != before.end()) {
      watched = std::move(*same);
      before.erase(same);
    }
    for (const auto& poller : watched.pollers) {
      poller->use(queries_);
    }
    const Added added =
        reconfigure(watched, cluster, makers(cluster.name), std::chrono::steady_clock::now());
    start_added(added);
    clusters_.push_back(std::move(watched));
  }
  for (WatchedCluster& gone : before) {
    dissolve(gone);
    dissolved_.push_back(std::move(gone));
  }
}

void Monitor::start_added(const Added& added) {
  for (sampling::Poller* poller : added.pollers) {
    spawn(poller->tick_until_stopped(), "tick");
  }
  for (sampling::EndpointProber* prober : added.probers) {
    spawn(prober->probe_until_stopped(), "endpoint");
  }
  for (sampling::PgBouncerProber* prober : added.pgbouncers) {
    spawn(prober->probe_until_stopped(), "pgbouncer");
  }
  for (std::size_t i = 0; added.discoverer != nullptr && i < added.discoverer->sources(); ++i) {
    spawn(added.discoverer->ask_until_stopped(i), "discovery");
  }
}

Makers Monitor::makers(const std::optional<std::string>& cluster) {
  return {
      .sampling = config_.sampling,
      .poller =
          [this, cluster](const config::Server& server) {
            return std::make_unique<sampling::Poller>(
                loop_, network_, cluster, server, config_.sampling, queries_
            );
          },
      .prober =
          [this](const config::Endpoint& endpoint) {
            return std::make_unique<sampling::EndpointProber>(
                loop_, network_, endpoint, config_.sampling
            );
          },
      .pgbouncer =
          [this](const config::PgBouncer& pgbouncer) {
            return std::make_unique<sampling::PgBouncerProber>(
                loop_, network_, pgbouncer, config_.sampling
            );
          },
      .discoverer =
          [this](const config::Cluster& configured) {
            return std::make_unique<discovery::Discoverer>(
                fetch::Outside{loop_, network_, http_}, configured, config_.sampling.timeout
            );
          },
  };
}

}  // namespace pgrepl
