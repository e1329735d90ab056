// All that is watched: the clusters with their pollers, probers and discoverers, what is remembered
// of each, and the pages and pictures made of it. Ticks go on in the background; a round runs when
// somebody asks for fresh values.
//
// It has no thread, no signal and no socket of its own: time and the world come in through
// fetch::Outside. Everything belongs to the thread of that loop, but for what says otherwise.
#pragma once

#include "cluster/event_log.h"
#include "endpoints/probe.h"
#include "endpoints/snapshot.h"
#include "fetch/outside.h"
#include "loop/alarm.h"
#include "loop/mark.h"
#include "loop/supervisor.h"
#include "metrics/selection.h"
#include "metrics/self_families.h"
#include "pages/picture.h"
#include "start/setup.h"
#include "support/published.h"
#include "watch/journal.h"
#include "watch/reconfigure.h"
#include "watch/rounds.h"
#include "watch/watchdog.h"
#include "watch/watched_cluster.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::watch {

struct WatchedServer {
  std::string cluster;
  config::Server server;
};

// The process that it runs in.
struct Host {
  std::string version{};
  std::function<metrics::ProcessFacts()> read_process = [] { return metrics::ProcessFacts{}; };
  // Called when pages have been made, at a time when nobody waits for anything.
  std::function<void()> give_memory_back = [] {};
};

using SnapshotPointer = std::shared_ptr<const Snapshot>;

class Watch {
 public:
  Watch(fetch::Outside outside, Setup setup, Host host);

  ~Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Begins to watch, with a first round.
  void start();

  // Stops all that runs. Whoever waits for a page gets none.
  void stop();

  // After stop(): nothing runs any more, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const;

  // Runs by this setup from now on. What stays as it is goes on undisturbed, connections included.
  void apply(Setup setup);

  // A setup was refused; the one before goes on.
  void refuse_setup() { self_.reload_failed = true; }

  [[nodiscard]] const config::Config& config() const { return config_; }

  // Joins the round under way, or begins one, and returns what it brought. A reader who can wait
  // for `timeout` only gets what is known by then, without what the queries of servers brought that
  // the round still waits for. Null after stop().
  asio::awaitable<SnapshotPointer> scrape(
      std::chrono::milliseconds timeout, metrics::Selection selection
  );

  // One server's series, or why there are none; asked within `timeout`, and never longer than a
  // round.
  asio::awaitable<http::ProbeAnswer> probe(
      http::ProbeRequest request, std::chrono::milliseconds timeout
  );

  // Who is watched now.
  [[nodiscard]] std::vector<WatchedServer> servers() const;

  // The clusters as they are watched now.
  [[nodiscard]] const std::vector<WatchedCluster>& clusters() const { return clusters_; }

  // For any thread. How long a round takes at most.
  [[nodiscard]] std::chrono::milliseconds longest_round() const { return longest_round_.load(); }

  // For any thread. When the last round ended; absent before the first has.
  [[nodiscard]] std::optional<cluster::Instant> last_round() const;

  // For any thread. Of the last round or tick, whichever is later; null before the first.
  [[nodiscard]] std::shared_ptr<const pages::Picture> picture() const { return picture_.current(); }

  // For any thread; null while nothing has changed.
  [[nodiscard]] std::shared_ptr<const cluster::EventLog> events() const {
    return journal_.events();
  }

  // For any thread. Whether the loop turns.
  [[nodiscard]] bool is_responsive() const { return watchdog_.is_alive(now()); }

  // What the exporter counts about itself; others count there too.
  [[nodiscard]] metrics::SelfCounters& counters() { return counters_; }

  // Tasks of others that run on the same loop.
  [[nodiscard]] loop::Supervisor& supervisor() { return supervisor_; }

 private:
  // One who waits for a page.
  struct Waiting {
    Waiting(metrics::Selection wanted, loop::Loop loop)
        : selection(std::move(wanted)), alarm(loop) {}

    metrics::Selection selection;
    loop::Alarm alarm;
    bool answered = false;
    SnapshotPointer snapshot{};
  };

  // A server that no cluster has, for as long as it is probed.
  class Stranger;

  [[nodiscard]] cluster::Instant now() const { return outside_.loop.now(); }

  [[nodiscard]] metrics::Clocks clocks() const;
  [[nodiscard]] std::vector<sampling::Poller*> pollers() const;
  [[nodiscard]] bool still_asked(const sampling::Poller& poller) const;

  void keep(const char* name, asio::awaitable<void> (Watch::*turn)());
  asio::awaitable<void> observe_once();
  asio::awaitable<void> beat_once();
  void update_servers(cluster::Instant at);
  void observe(WatchedCluster& watched, cluster::Instant at);
  void observe_all(cluster::Instant at);
  void give_memory_back();
  void publish_picture(cluster::Instant at);

  void begin_round();
  asio::awaitable<void> drive_round();
  void end_round(cluster::Instant at);
  // One page for all who want the same.
  void answer(const std::vector<Reader>& readers, cluster::Instant at);
  // After the pages of round `number` could not be made: nobody waits in vain.
  void end_round_without_pages(std::uint64_t number);
  void give_up(const std::vector<Reader>& readers);
  // What is asked in many databases takes its time, and no page waits for it.
  void start_walks();
  [[nodiscard]] SnapshotPointer make_snapshot(
      cluster::Instant at, const metrics::Selection& selection
  );

  asio::awaitable<http::ProbeAnswer> probe_known(std::size_t index, cluster::Instant deadline);
  asio::awaitable<std::string> probe_stranger(pg::ConnInfo conninfo, cluster::Instant deadline);

  void watch_clusters(const std::vector<config::Cluster>& configured);
  // With the name of a cluster, its pollers share their servers with its other exporters.
  [[nodiscard]] Makers makers(const std::optional<std::string>& cluster);
  [[nodiscard]] std::unique_ptr<sampling::Poller> start_poller(
      const std::optional<std::string>& cluster, const config::Server& server
  );
  [[nodiscard]] std::unique_ptr<probing::Prober> start_prober(const probing::Target& target);
  [[nodiscard]] std::unique_ptr<discovery::Discoverer> start_discoverer(
      const config::Cluster& configured
  );

  fetch::Outside outside_;
  Host host_;
  config::Config config_;
  sampling::SharedQueries queries_;
  metrics::SelfCounters counters_;
  loop::Supervisor supervisor_;
  loop::Alarm observe_alarm_;
  loop::Alarm round_alarm_;
  loop::Alarm beat_alarm_;
  std::vector<WatchedCluster> clusters_;
  std::list<WatchedCluster> strangers_;
  std::list<WatchedCluster> dissolved_;  // until all that ran for them has ended
  Rounds rounds_;
  std::map<Reader, Waiting> waiting_;
  std::vector<Reader> due_;      // whose pages are being made
  std::size_t asking_ = 0;       // who wait for scrape() or probe()
  bool has_made_pages_ = false;  // since memory was last given back
  bool stopped_ = false;
  metrics::SelfFacts self_;
  Watchdog watchdog_;
  std::atomic<std::chrono::milliseconds> longest_round_{};
  std::atomic<cluster::Instant::rep> last_round_{kNoRound};
  Published<pages::Picture> picture_;
  Journal journal_;

  static constexpr cluster::Instant::rep kNoRound =
      std::numeric_limits<cluster::Instant::rep>::min();
};

}  // namespace pgrepl::watch
