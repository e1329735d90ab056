#include "watch/monitor.h"

#include "cluster/observe.h"
#include "http/web_settings.h"
#include "log/log.h"
#include "metrics/page.h"
#include "start/query_switches.h"
#include "watch/process_facts.h"
#include "watch/take_page.h"
#include "watch/take_picture.h"

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <malloc.h>

namespace pgrepl {

namespace {

using namespace std::chrono_literals;

cluster::Instant now() {
  return std::chrono::steady_clock::now();
}

double wall_clock_now() {
  return cluster::Seconds{std::chrono::system_clock::now().time_since_epoch()}.count();
}

cluster::Watched to_watched(const WatchedCluster& cluster) {
  cluster::Watched watched{.name = cluster.configured.name, .rpo = std::nullopt};
  if (const auto& rpo = cluster.configured.objectives.rpo) {
    watched.rpo = cluster::Seconds{*rpo};
  }
  if (cluster.discoverer) {
    watched.discovery_failure = cluster.discoverer->failure();
  }
  return watched;
}

// Null without a file.
Expected<std::unique_ptr<http::WebSettings>, std::string> open_web_settings(const std::string& file
) {
  if (file.empty()) {
    return nullptr;
  }
  auto settings = http::WebSettings::open(file);
  if (!settings) {
    return Unexpected<std::string>{to_string(settings.error().front())};
  }
  return std::move(*settings);
}

}  // namespace

Monitor::Monitor(Setup setup, std::string version) {
  self_.version = std::move(version);
  apply(std::move(setup));
}

Expected<void, std::string> Monitor::run(SetupReader read_setup) {
  read_setup_ = std::move(read_setup);
  asio::error_code ignored;  // without it SIGHUP ends the process, as it does by default
  signals_.add(SIGHUP, ignored);
  auto settings = open_web_settings(config_.web.config_file);
  if (!settings) {
    return Unexpected<std::string>{std::move(settings.error())};
  }
  const bool tls = *settings != nullptr && (*settings)->serves_tls();
  http::Site site{config_.web.telemetry_path, config_.web.enable_lifecycle};
  auto server = http::Server::start(
      config_.web.listen_addresses,
      http::make_handler(*this, std::move(site)),
      std::move(*settings),
      {.connections = config_.web.max_connections,
       .connections_of_address = config_.web.max_connections_per_address}
  );
  if (!server) {
    return Unexpected<std::string>{server.error()};
  }
  server_ = std::move(*server);
  for (const std::string& address : config_.web.listen_addresses) {
    log::write(
        log::Level::Info,
        "monitor",
        "listening",
        {{"address", address},
         {"path", config_.web.telemetry_path},
         {"scheme", tls ? "https" : "http"}}
    );
  }
  start();
  io_.run();
  server_.reset();
  log::write(log::Level::Info, "monitor", "stopped");
  return {};
}

void Monitor::watch() {
  start();
  io_.run();
}

void Monitor::stop_watching() {
  asio::post(io_, [this] { signals_.cancel(); });
}

void Monitor::start() {
  spawn(wait_for_signals(), "signals");
  spawn(observe_until_stopped(), "observe");
  spawn(beat_until_stopped(), "heartbeat");
  round_running_ = true;
  spawn(run_round(now() + config_.sampling.timeout), "round");
}

void Monitor::spawn(asio::awaitable<void> task, const char* what) {
  asio::co_spawn(io_, std::move(task), [this, what](const std::exception_ptr& problem) {
    if (problem) {
      log::write(log::Level::Error, "monitor", "a task ended unexpectedly", {{"task", what}});
      io_.stop();
      std::rethrow_exception(problem);
    }
  });
}

asio::awaitable<void> Monitor::wait_for_signals() {
  asio::error_code cancelled;
  int number = SIGHUP;
  while (number == SIGHUP && !cancelled) {
    number = co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (number == SIGHUP && !cancelled) {
      request_reload(std::make_shared<ReloadPromise::element_type>());
    }
  }
  if (!cancelled) {
    log::write(
        log::Level::Info, "monitor", "stopping", {{"signal", number == SIGTERM ? "TERM" : "INT"}}
    );
  }
  stop();
}

void Monitor::stop() {
  stopped_ = true;
  observe_alarm_.cancel();
  round_alarm_.cancel();
  beat_alarm_.cancel();
  std::ranges::for_each(clusters_, &pgrepl::stop);
  for (const Waiter& waiter : std::exchange(waiters_, {})) {
    waiter.promise->set_value(nullptr);
  }
}

asio::awaitable<void> Monitor::observe_until_stopped() {
  while (!stopped_) {
    // A quarter of a tick after the last of the pollers asks, so that their answers are in.
    const auto tick = config_.sampling.tick;
    const auto since_epoch = now().time_since_epoch();
    const cluster::Instant next{since_epoch - since_epoch % tick + tick + tick * 3 / 4};
    co_await observe_alarm_.wait_until(next);
    update_servers(now());
    observe_all(now());
    give_memory_back();
  }
}

// A page is made of several times its size in pieces, and the next one may be a minute away. Here
// nobody waits for it to be done.
void Monitor::give_memory_back() {
  if (std::exchange(has_made_pages_, false)) {
    malloc_trim(0);
  }
}

asio::awaitable<void> Monitor::beat_until_stopped() {
  while (!stopped_) {
    const cluster::Instant due = now() + Watchdog::kPeriod;
    co_await beat_alarm_.wait_until(due);
    watchdog_.beat(due, now());
  }
}

void Monitor::update_servers(cluster::Instant at) {
  if (stopped_) {
    return;
  }
  for (WatchedCluster& watched : clusters_) {
    (void)sweep(watched);
    const auto make = makers(watched.configured.name).poller;
    for (sampling::Poller* added : update_pollers(watched, make, at)) {
      spawn(added->tick_until_stopped(), "tick");
    }
    share_places(watched, at);
  }
  std::erase_if(dissolved_, &sweep);
}

void Monitor::observe(WatchedCluster& watched, cluster::Instant at) {
  const auto samples = take_samples(watched, at);
  const bool observed = cluster::is_observed(samples);
  for (auto& prober : watched.probers) {
    observed ? prober->take_back() : prober->leave_to_others();
  }
  if (!observed) {
    // What is remembered of it ages; whoever observes it again begins anew.
    watched.memory = {};
    watched.latest = cluster::leave_to_others(watched.configured.name, samples);
    return;
  }
  auto seen = cluster::observe(to_watched(watched), samples, std::move(watched.memory), at);
  watched.memory = std::move(seen.memory);
  watched.latest = std::move(seen.cluster);
  journal_.note(watched.configured.name, std::move(seen.events), wall_clock_now());
  journal_.note(watched.configured.name, take_ways_in(watched, samples), wall_clock_now());
}

void Monitor::observe_all(cluster::Instant at) {
  for (WatchedCluster& watched : clusters_) {
    observe(watched, at);
  }
  publish_picture(at);
}

void Monitor::publish_picture(cluster::Instant at) {
  auto picture = std::make_shared<pages::Picture>();
  picture->taken = at;
  picture->taken_at = wall_clock_now() - cluster::Seconds{now() - at}.count();
  for (const WatchedCluster& watched : clusters_) {
    picture->clusters.push_back(take_picture(watched.latest, watched.configured));
  }
  picture_.publish(std::move(picture));
}

std::shared_ptr<const Snapshot> Monitor::fresh(
    std::chrono::milliseconds timeout, metrics::Selection selection
) {
  auto promise = std::make_shared<std::promise<std::shared_ptr<const Snapshot>>>();
  auto future = promise->get_future();
  const auto bounded = std::min(timeout, sampling_.current()->timeout);
  asio::post(io_, [this, bounded, waiter = Waiter{std::move(selection), promise}] {
    join_round(bounded, waiter);
  });
  // The round ends at its deadline; rendering a page of many servers takes its time too.
  const cluster::Instant patience = now() + bounded + 1s;
  while (future.wait_for(50ms) != std::future_status::ready) {
    if (stopped_ || now() > patience) {
      return nullptr;
    }
  }
  return future.get();
}

std::shared_ptr<const Snapshot> Monitor::latest() const {
  return snapshot_.current();
}

std::shared_ptr<const pages::Picture> Monitor::picture() const {
  return picture_.current();
}

std::shared_ptr<const cluster::EventLog> Monitor::events() const {
  return journal_.events();
}

bool Monitor::is_responsive() const {
  return watchdog_.is_alive(now());
}

void Monitor::join_round(std::chrono::milliseconds timeout, Waiter waiter) {
  waiters_.push_back(std::move(waiter));
  if (!round_running_) {
    round_running_ = true;
    spawn(run_round(now() + timeout), "round");
  }
}

bool Monitor::has_pollers() const {
  return std::ranges::any_of(clusters_, [](const WatchedCluster& watched) {
    return !watched.pollers.empty();
  });
}

asio::awaitable<void> Monitor::run_round(cluster::Instant deadline) {
  const cluster::Instant began = now();
  // With nobody to ask there is nothing to wait for; only the first round waits for discovery.
  const cluster::Instant until = has_pollers() || !snapshot_.current() ? deadline : began;
  for (WatchedCluster& watched : clusters_) {
    for (auto& poller : watched.pollers) {
      pollers_in_round_ += 1;
      asio::co_spawn(io_, poller->run_round(deadline), [this](const std::exception_ptr& problem) {
        pollers_in_round_ -= 1;
        if (pollers_in_round_ == 0) {
          round_alarm_.cancel();
        }
        if (problem) {
          std::rethrow_exception(problem);
        }
      });
    }
  }
  co_await round_alarm_.wait_until(until);
  if (stopped_) {
    co_return;
  }
  const cluster::Instant at = now();
  observe_all(at);
  self_.rounds.note(cluster::Seconds{at - began}.count());
  // Pages go to those who wait for them; between scrapes they are memory that nobody reads.
  snapshot_.publish(std::make_shared<Snapshot>(Snapshot{.taken = at}));
  round_running_ = false;
  answer_waiters(at);
  start_walks();
}

void Monitor::answer_waiters(cluster::Instant at) {
  const std::vector<Waiter> waiters = std::exchange(waiters_, {});
  self_.process = read_process_facts();
  self_.loop_delay = watchdog_.longest_delay().count();
  self_.loop_stalls = watchdog_.stalls();
  if (server_) {
    self_.http_refused = server_->refusals().by_reason();
  }
  self_.last_round_failed = has_failures(clusters_, at);
  std::map<metrics::Selection, std::shared_ptr<const Snapshot>> made;
  for (const Waiter& waiter : waiters) {
    if (!made.contains(waiter.selection)) {
      made.emplace(waiter.selection, make_snapshot(at, waiter.selection));
    }
  }
  for (const Waiter& waiter : waiters) {
    waiter.promise->set_value(made.at(waiter.selection));
  }
  has_made_pages_ = true;
}

void Monitor::start_walks() {
  for (WatchedCluster& watched : clusters_) {
    for (auto& poller : watched.pollers) {
      if (poller->has_walk()) {
        spawn(poller->walk(), "walk");
      }
    }
  }
}

std::shared_ptr<const Snapshot> Monitor::make_snapshot(
    cluster::Instant at, const metrics::Selection& selection
) {
  auto snapshot = std::make_shared<Snapshot>(Snapshot{.taken = at});
  if (auto mistake = metrics::find_mistake(selection, queries_->catalogue)) {
    snapshot->mistake = std::move(*mistake);
    return snapshot;
  }
  const auto pages = take_pages(clusters_, queries_->catalogue.broken, at);
  const metrics::Clocks clocks{.now = at, .wall_clock_now = wall_clock_now()};
  auto page = metrics::render_page(pages, self_, clocks, selection);
  journal_.note_drops(page.drops);
  snapshot->page = std::move(page.text);
  return snapshot;
}

}  // namespace pgrepl
