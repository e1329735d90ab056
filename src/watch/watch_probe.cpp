// What Watch does for /probe: a round of one server.
#include "cluster/observe.h"
#include "session/conninfo_parser.h"
#include "watch/probe_target.h"
#include "watch/take_page.h"
#include "watch/watch.h"

#include <algorithm>
#include <utility>

namespace pgrepl::watch {

namespace {

// What a probe shows that did not wait for the end of its round. It is no news for anybody else, so
// it is said of a copy.
cluster::Cluster without_an_answer(
    cluster::Cluster seen, const std::string& server, cluster::Instant deadline
) {
  for (cluster::Server& known : seen.servers) {
    if (known.sample.name == server && !known.sample.failure) {
      known.sample.failure = cluster::Failure{
          pg::FailureReason::Timeout, "its queries were not answered in time", deadline};
    }
  }
  return seen;
}

std::vector<KnownServer> known_servers(std::span<const WatchedCluster> clusters) {
  std::vector<KnownServer> servers;
  for (const WatchedCluster& watched : clusters) {
    for (const auto& poller : watched.pollers) {
      const config::Server& server = poller->server();
      servers.push_back({watched.configured.name, server.name, server.conninfo.endpoint});
    }
  }
  return servers;
}

}  // namespace

// A server that no cluster has. It is stopped with everything else, and swept like everything else.
class Watch::Stranger {
 public:
  Stranger(Watch& watch, pg::ConnInfo conninfo)
      : watch_(watch), place_(watch.strangers_.emplace(watch.strangers_.end(), watch.supervisor_)) {
    place_->configured.name = "probe";
    config::Server server{.name = to_string(conninfo.endpoint), .conninfo = std::move(conninfo)};
    place_->pollers.add(std::make_unique<sampling::Poller>(
        watch.outside_.loop,
        watch.supervisor_,
        watch.outside_.network,
        std::nullopt,
        std::move(server),
        watch.config_.sampling,
        watch.queries_
    ));
  }

  ~Stranger() {
    place_->pollers.retire_all();
    watch_.dissolved_.splice(watch_.dissolved_.end(), watch_.strangers_, place_);
  }

  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  [[nodiscard]] WatchedCluster& cluster() { return *place_; }

  [[nodiscard]] sampling::Poller& poller() { return **place_->pollers.begin(); }

 private:
  Watch& watch_;
  std::list<WatchedCluster>::iterator place_;
};

asio::awaitable<http::ProbeAnswer> Watch::probe(
    http::ProbeRequest request, std::chrono::milliseconds timeout
) {
  const loop::Counted asking{asking_};
  const cluster::Instant deadline = now() + std::min(timeout, config_.sampling.timeout);
  const auto servers = known_servers(clusters_);
  auto target = find_probe_target(request, config_, servers, session::parse_conninfo);
  if (!target) {
    co_return std::move(target.error());
  }
  http::ProbeAnswer answer;
  if (target->known) {
    answer = co_await probe_known(*target->known, deadline);
  } else {
    answer.text = co_await probe_stranger(std::move(target->conninfo), deadline);
  }
  co_return answer;
}

asio::awaitable<http::ProbeAnswer> Watch::probe_known(
    std::size_t index, cluster::Instant deadline
) {
  sampling::Poller& poller = *pollers().at(index);
  const std::string name = poller.server().name;
  http::ProbeAnswer answer;
  if (poller.is_left_to_others(now())) {
    pg::ConnInfo conninfo = poller.server().conninfo;
    answer.text = co_await probe_stranger(std::move(conninfo), deadline);
    co_return answer;
  }
  const std::string cluster = servers().at(index).cluster;
  const cluster::Instant begin = now();
  const bool ended = co_await poller.ask_round(deadline);
  // The server may have left while it was asked, and its cluster too.
  const auto watched = std::ranges::find_if(clusters_, [&cluster](const WatchedCluster& known) {
    return known.configured.name == cluster;
  });
  if (watched == clusters_.end()) {
    http::ProbeAnswer gone{.status = 404, .text = cluster + " is not watched any more.\n"};
    co_return gone;
  }
  observe(*watched, now());
  const auto still_asked = [ended](const sampling::Poller&) { return !ended; };
  auto pages = take_pages(std::span{&*watched, 1}, queries_->catalogue.broken, still_asked, now());
  const cluster::Cluster unanswered =
      ended ? cluster::Cluster{} : without_an_answer(watched->latest, name, deadline);
  pages.front().cluster = ended ? pages.front().cluster : &unanswered;
  const auto& found = pages.front().servers;
  const auto page = std::ranges::find(found, name, &metrics::ServerPage::name);
  const metrics::ServerPage gone{.name = name};
  const double seconds = cluster::Seconds{now() - begin}.count();
  answer.text =
      metrics::render_probe(pages.front(), page == found.end() ? gone : *page, clocks(), seconds);
  co_return answer;
}

// Asked once, over a connection that is closed then.
asio::awaitable<std::string> Watch::probe_stranger(
    pg::ConnInfo conninfo, cluster::Instant deadline
) {
  Stranger stranger{*this, std::move(conninfo)};
  const cluster::Instant begin = now();
  const bool ended = co_await stranger.poller().ask_round(deadline);
  WatchedCluster& once = stranger.cluster();
  const auto samples = take_samples(once, now());
  once.latest = cluster::observe({.name = "probe"}, samples, {}, now()).cluster;
  if (!ended) {
    once.latest = without_an_answer(std::move(once.latest), samples.front().name, deadline);
  }
  const auto still_asked = [ended](const sampling::Poller&) { return !ended; };
  const auto pages =
      take_pages(std::span{&once, 1}, queries_->catalogue.broken, still_asked, now());
  const double seconds = cluster::Seconds{now() - begin}.count();
  co_return metrics::render_probe(pages.front(), pages.front().servers.front(), clocks(), seconds);
}

}  // namespace pgrepl::watch
