#include "watch/watch.h"

#include "cluster/observe.h"
#include "watch/take_picture.h"

#include <algorithm>
#include <utility>

namespace pgrepl::watch {

namespace {

std::optional<cluster::ClusterRole> to_role(std::optional<config::ClusterRole> role) {
  if (!role) {
    return std::nullopt;
  }
  return *role == config::ClusterRole::Standby ? cluster::ClusterRole::Standby
                                               : cluster::ClusterRole::Origin;
}

cluster::Watched to_watched(
    const WatchedCluster& cluster, const std::vector<WatchedCluster>& clusters
) {
  cluster::Watched watched{.name = cluster.configured.name, .rpo = std::nullopt};
  if (const auto& rpo = cluster.configured.objectives.rpo) {
    watched.rpo = cluster::Seconds{*rpo};
  }
  if (const auto* const discoverer = discoverer_of(cluster)) {
    watched.discovery_failure = discoverer->failure();
  }
  watched.role = to_role(cluster.configured.role);
  for (const WatchedCluster& other : clusters) {
    if (other.configured.name == cluster.configured.follows && other.latest.observed) {
      watched.followed = cluster::far_primary(other.latest);
    }
  }
  return watched;
}

}  // namespace

Watch::Watch(fetch::Outside outside, Setup setup, Host host)
    : outside_(outside),
      host_(std::move(host)),
      supervisor_(
          outside.loop, [this](const std::string& task) { counters_.note_task_failure(task); }
      ),
      observe_alarm_(outside.loop),
      round_alarm_(outside.loop),
      beat_alarm_(outside.loop),
      watchdog_(outside.loop.now()) {
  self_.version = host_.version;
  self_.counters = &counters_;
  apply(std::move(setup));
}

void Watch::start() {
  keep("observe", &Watch::observe_once);
  keep("heartbeat", &Watch::beat_once);
  begin_round();
}

void Watch::keep(const char* name, asio::awaitable<void> (Watch::*turn)()) {
  loop::Turns turns{
      .name = name,
      .turn = [this, turn] { return (this->*turn)(); },
      .is_over = [this] { return stopped_; }};
  supervisor_.keep(this, std::move(turns));
}

void Watch::stop() {
  stopped_ = true;
  supervisor_.stop();
  observe_alarm_.cancel();
  round_alarm_.cancel();
  beat_alarm_.cancel();
  for (const WatchedCluster& watched : clusters_) {
    watch::stop(watched);
  }
  for (const WatchedCluster& stranger : strangers_) {
    watch::stop(stranger);
  }
  give_up(rounds_.give_up());
}

bool Watch::has_ended() const {
  const auto ended = [](const WatchedCluster& watched) { return watch::has_ended(watched); };
  return stopped_ && supervisor_.running() == 0 && asking_ == 0 &&
         std::ranges::all_of(clusters_, ended) && std::ranges::all_of(dissolved_, ended);
}

std::vector<WatchedServer> Watch::servers() const {
  std::vector<WatchedServer> servers;
  for (const WatchedCluster& watched : clusters_) {
    for (const auto& poller : watched.pollers) {
      servers.push_back({watched.configured.name, poller->server()});
    }
  }
  return servers;
}

std::optional<cluster::Instant> Watch::last_round() const {
  const auto ended = last_round_.load();
  return ended == kNoRound ? std::nullopt
                           : std::optional{cluster::Instant{cluster::Instant::duration{ended}}};
}

metrics::Clocks Watch::clocks() const {
  return {.now = now(), .wall_clock_now = outside_.loop.clock.wall_now()};
}

asio::awaitable<void> Watch::observe_once() {
  // A quarter of a tick after the last of the pollers asks, so that their answers are in.
  const auto tick = config_.sampling.tick;
  const auto since_epoch = now().time_since_epoch();
  cluster::Instant next{since_epoch - since_epoch % tick + tick * 3 / 4};
  next += next <= now() ? cluster::Instant::duration{tick} : cluster::Instant::duration{};
  const bool due = co_await observe_alarm_.wait_until(next);
  if (stopped_ || !due) {
    co_return;  // the pace has changed
  }
  update_servers(now());
  observe_all(now());
  give_memory_back();
}

asio::awaitable<void> Watch::beat_once() {
  const cluster::Instant due = now() + Watchdog::kPeriod;
  co_await beat_alarm_.wait_until(due);
  if (watchdog_.beat(due, now())) {
    counters_.note_stall();
  }
}

// A page is made of several times its size in pieces, and the next one may be a minute away. Here
// nobody waits for it to be done.
void Watch::give_memory_back() {
  if (std::exchange(has_made_pages_, false)) {
    host_.give_memory_back();
  }
}

void Watch::update_servers(cluster::Instant at) {
  for (WatchedCluster& watched : clusters_) {
    (void)sweep(watched);
    update_pollers(watched, makers(watched.configured.name).poller, at);
    share_places(watched, at);
  }
  std::erase_if(dissolved_, &sweep);
}

void Watch::observe(WatchedCluster& watched, cluster::Instant at) {
  const auto samples = take_samples(watched, at);
  const bool observed = cluster::is_observed(samples);
  for (const auto& prober : watched.probers) {
    observed ? prober->take_back() : prober->leave_to_others();
  }
  if (!observed) {
    // What is remembered of it ages; whoever observes it again begins anew.
    watched.memory = {};
    watched.latest = cluster::leave_to_others(watched.configured.name, samples);
    return;
  }
  auto seen =
      cluster::observe(to_watched(watched, clusters_), samples, std::move(watched.memory), at);
  watched.memory = std::move(seen.memory);
  watched.latest = std::move(seen.cluster);
  const double wall_clock = outside_.loop.clock.wall_now();
  journal_.note(watched.configured.name, std::move(seen.events), wall_clock);
  journal_.note(watched.configured.name, take_ways_in(watched, samples), wall_clock);
}

void Watch::observe_all(cluster::Instant at) {
  for (WatchedCluster& watched : clusters_) {
    observe(watched, at);
  }
  publish_picture(at);
}

void Watch::publish_picture(cluster::Instant at) {
  auto picture = std::make_shared<pages::Picture>();
  picture->taken = at;
  picture->taken_at = outside_.loop.clock.wall_now() - cluster::Seconds{now() - at}.count();
  for (const WatchedCluster& watched : clusters_) {
    picture->clusters.push_back(take_picture(watched.latest, watched.configured));
  }
  picture_.publish(std::move(picture));
}

}  // namespace pgrepl::watch
