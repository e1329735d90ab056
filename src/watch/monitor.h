// Owns everything that runs: the loop, the pollers, the memory of each cluster, the HTTP server.
// Ticks go on in the background; a round runs when somebody asks for fresh values.
#pragma once

#include "cluster/event_log.h"
#include "endpoints/endpoints.h"
#include "endpoints/snapshot.h"
#include "fetch/fetch.h"
#include "loop/alarm.h"
#include "metrics/page.h"
#include "metrics/self_families.h"
#include "session/libpq_network.h"
#include "start/setup.h"
#include "support/expected.h"
#include "support/published.h"
#include "watch/journal.h"
#include "watch/reconfigure.h"
#include "watch/watchdog.h"
#include "watch/watched_cluster.h"

#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/thread_pool.hpp>

namespace pgrepl {

struct WatchedServer {
  std::string cluster;
  config::Server server;
};

class Monitor : public http::SnapshotSource {
 public:
  Monitor(Setup setup, std::string version);

  // Serves until SIGTERM or SIGINT; on SIGHUP, runs by what `read_setup` gives from then on. The
  // error says why it could not start.
  [[nodiscard]] Expected<void, std::string> run(SetupReader read_setup);

  // Watches without serving, until SIGTERM, SIGINT or stop_watching().
  void watch();
  // From any thread.
  void stop_watching();

  // For any thread but the loop's: who is watched now; empty when the loop does not answer.
  [[nodiscard]] std::vector<WatchedServer> servers();

  // For any thread but the loop's: runs a round, or joins the one that runs, and gives its
  // snapshot; null when the loop did not answer in time.
  [[nodiscard]] std::shared_ptr<const Snapshot> fresh(
      std::chrono::milliseconds timeout, metrics::Selection selection
  ) override;
  [[nodiscard]] std::shared_ptr<const Snapshot> latest() const override;
  [[nodiscard]] std::shared_ptr<const pages::Picture> picture() const override;
  [[nodiscard]] std::shared_ptr<const cluster::EventLog> events() const override;
  [[nodiscard]] http::ProbeAnswer probe(
      const http::ProbeRequest& request, std::chrono::milliseconds timeout
  ) override;
  [[nodiscard]] bool is_responsive() const override;
  [[nodiscard]] Expected<void, std::string> reload() override;

 private:
  struct Waiter {
    metrics::Selection selection;
    std::shared_ptr<std::promise<std::shared_ptr<const Snapshot>>> promise;
  };

  void start();
  void stop();
  void spawn(asio::awaitable<void> task, const char* what);
  using ProbePromise = std::shared_ptr<std::promise<http::ProbeAnswer>>;

  asio::awaitable<void> answer_probe(
      http::ProbeRequest request, cluster::Instant deadline, ProbePromise waiter
  );
  asio::awaitable<http::ProbeAnswer> probe_known(std::size_t index, cluster::Instant deadline);
  asio::awaitable<std::string> probe_stranger(pg::ConnInfo conninfo, cluster::Instant deadline);
  // What is asked in many databases takes its time, and no page waits for it.
  void start_walks();
  void join_round(std::chrono::milliseconds timeout, Waiter waiter);
  asio::awaitable<void> run_round(cluster::Instant deadline);
  asio::awaitable<void> observe_until_stopped();
  asio::awaitable<void> beat_until_stopped();
  asio::awaitable<void> wait_for_signals();
  using ReloadPromise = std::shared_ptr<std::promise<Expected<void, std::string>>>;

  // Reads on a thread of its own: a slow disk does not delay a tick.
  void request_reload(ReloadPromise waiter);
  [[nodiscard]] Expected<void, std::string> take_setup(Expected<Setup, Errors> read);
  void apply(Setup setup);
  void watch_clusters(const std::vector<config::Cluster>& configured);
  void start_added(const Added& added);
  // With the name of a cluster, its pollers share their servers with its other exporters.
  [[nodiscard]] Makers makers(const std::optional<std::string>& cluster);
  void update_servers(cluster::Instant at);
  [[nodiscard]] bool has_pollers() const;
  void observe(WatchedCluster& watched, cluster::Instant at);
  void observe_all(cluster::Instant at);
  void give_memory_back();
  void publish_picture(cluster::Instant at);
  // One page for all who want the same.
  void answer_waiters(cluster::Instant at);
  [[nodiscard]] std::shared_ptr<const Snapshot> make_snapshot(
      cluster::Instant at, const metrics::Selection& selection
  );

  config::Config config_;
  sampling::SharedQueries queries_;
  Published<config::Sampling> sampling_;  // config_'s, for the HTTP threads
  asio::io_context io_{1};
  loop::SystemClock clock_;
  loop::Loop loop_{io_, clock_};
  session::LibpqNetwork network_{loop_};
  fetch::HttpClient http_{loop_, network_};
  asio::signal_set signals_{io_, SIGTERM, SIGINT};
  loop::Alarm observe_alarm_{loop_};
  loop::Alarm round_alarm_{loop_};
  loop::Alarm beat_alarm_{loop_};
  std::vector<WatchedCluster> clusters_;
  std::vector<WatchedCluster> dissolved_;  // until all that ran for them has ended
  std::vector<Waiter> waiters_;
  std::size_t pollers_in_round_ = 0;
  bool round_running_ = false;
  bool has_made_pages_ = false;  // since memory was last given back
  std::atomic<bool> stopped_{false};
  metrics::SelfFacts self_;
  Watchdog watchdog_{std::chrono::steady_clock::now()};
  Published<Snapshot> snapshot_;
  Published<pages::Picture> picture_;
  Journal journal_;
  SetupReader read_setup_;
  asio::thread_pool reader_{1};
  std::unique_ptr<http::Server> server_;
};

}  // namespace pgrepl
