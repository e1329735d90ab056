// Owns everything that runs: the loop, the pollers, the memory of each cluster, the HTTP server.
// Ticks go on in the background; a round runs when somebody asks for fresh values.
#pragma once

#include "catalogue/query.h"
#include "cluster/event_log.h"
#include "config/config.h"
#include "http/endpoints.h"
#include "journal.h"
#include "metrics/page.h"
#include "metrics/self_families.h"
#include "snapshot.h"
#include "support/expected.h"
#include "support/published.h"
#include "watched_cluster.h"

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
#include <asio/steady_timer.hpp>

namespace pgrepl {

class Monitor : public http::SnapshotSource {
 public:
  Monitor(config::Config config, catalogue::Catalogue catalogue, std::string version);

  // Serves until SIGTERM or SIGINT. The error says why it could not start.
  [[nodiscard]] Expected<void, std::string> run();

  // Watches without serving, until SIGTERM, SIGINT or stop_watching().
  void watch();
  // From any thread.
  void stop_watching();

  // For any thread but the loop's: runs a round, or joins the one that runs, and gives its
  // snapshot; null when the loop did not answer in time.
  [[nodiscard]] std::shared_ptr<const Snapshot> fresh(std::chrono::milliseconds timeout) override;
  [[nodiscard]] std::shared_ptr<const Snapshot> latest() const override;
  [[nodiscard]] std::shared_ptr<const pages::Picture> picture() const override;
  [[nodiscard]] std::shared_ptr<const cluster::EventLog> events() const override;
  [[nodiscard]] http::ProbeAnswer probe(
      const http::ProbeRequest& request, std::chrono::milliseconds timeout
  ) override;
  [[nodiscard]] bool is_responsive() const override;

 private:
  using SnapshotPromise = std::shared_ptr<std::promise<std::shared_ptr<const Snapshot>>>;

  void start();
  void stop();
  void spawn(asio::awaitable<void> task, const char* what);
  using ProbePromise = std::shared_ptr<std::promise<http::ProbeAnswer>>;

  asio::awaitable<void> answer_probe(
      http::ProbeRequest request, cluster::Instant deadline, ProbePromise waiter
  );
  asio::awaitable<std::string> probe_known(std::size_t index, cluster::Instant deadline);
  asio::awaitable<std::string> probe_stranger(pg::ConnInfo conninfo, cluster::Instant deadline);
  void join_round(std::chrono::milliseconds timeout, SnapshotPromise waiter);
  asio::awaitable<void> run_round(cluster::Instant deadline);
  asio::awaitable<void> observe_until_stopped();
  asio::awaitable<void> wait_for_signals();
  void update_servers(cluster::Instant at);
  [[nodiscard]] std::unique_ptr<sampling::Poller> make_poller(
      std::optional<std::string> cluster, const config::Server& server
  );
  [[nodiscard]] bool has_pollers() const;
  void observe_all(cluster::Instant at);
  void publish_picture(cluster::Instant at);
  [[nodiscard]] std::string render(cluster::Instant at);

  config::Config config_;
  catalogue::Catalogue catalogue_;
  catalogue::Switches switches_;
  asio::io_context io_{1};
  asio::signal_set signals_;
  asio::steady_timer observe_timer_;
  asio::steady_timer round_timer_;
  std::vector<WatchedCluster> clusters_;
  std::vector<SnapshotPromise> waiters_;
  std::size_t pollers_in_round_ = 0;
  bool round_running_ = false;
  std::atomic<bool> stopped_{false};
  metrics::SelfFacts self_;
  std::atomic<std::int64_t> last_beat_{0};  // milliseconds of the monotonic clock
  Published<Snapshot> snapshot_;
  Published<pages::Picture> picture_;
  Journal journal_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace pgrepl
