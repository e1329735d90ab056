// What Monitor tells of single servers: who they are, and a round of one for /probe.
#include "cluster/observe.h"
#include "session/conninfo_parser.h"
#include "watch/monitor.h"
#include "watch/probe_target.h"
#include "watch/take_page.h"

#include <algorithm>
#include <utility>

#include <asio/post.hpp>

namespace pgrepl {

namespace {

using namespace std::chrono_literals;

cluster::Instant now() {
  return std::chrono::steady_clock::now();
}

double seconds_since(cluster::Instant begin) {
  return cluster::Seconds{now() - begin}.count();
}

metrics::Clocks clocks() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {.now = now(), .wall_clock_now = cluster::Seconds{since_epoch}.count()};
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

std::vector<WatchedServer> Monitor::servers() {
  auto promise = std::make_shared<std::promise<std::vector<WatchedServer>>>();
  auto future = promise->get_future();
  asio::post(io_, [this, promise] {
    std::vector<WatchedServer> servers;
    for (const WatchedCluster& watched : clusters_) {
      for (const auto& poller : watched.pollers) {
        servers.push_back({watched.configured.name, poller->server()});
      }
    }
    promise->set_value(std::move(servers));
  });
  const bool answered = future.wait_for(5s) == std::future_status::ready;
  return answered ? future.get() : std::vector<WatchedServer>{};
}

http::ProbeAnswer Monitor::probe(
    const http::ProbeRequest& request, std::chrono::milliseconds timeout
) {
  auto promise = std::make_shared<std::promise<http::ProbeAnswer>>();
  auto future = promise->get_future();
  const auto bounded = std::min(timeout, sampling_.current()->timeout);
  asio::post(io_, [this, request, bounded, promise] {
    spawn(answer_probe(request, now() + bounded, promise), "probe");
  });
  const cluster::Instant patience = now() + bounded + 1s;
  while (future.wait_for(50ms) != std::future_status::ready) {
    if (stopped_ || now() > patience) {
      return {.status = 503, .text = "The exporter's loop does not answer; see /-/healthy.\n"};
    }
  }
  return future.get();
}

asio::awaitable<void> Monitor::answer_probe(
    http::ProbeRequest request, cluster::Instant deadline, ProbePromise waiter
) {
  const auto servers = known_servers(clusters_);
  auto target = find_probe_target(request, config_, servers, session::parse_conninfo);
  if (!target) {
    waiter->set_value(std::move(target.error()));
    co_return;
  }
  http::ProbeAnswer answer;
  if (target->known) {
    answer = co_await probe_known(*target->known, deadline);
  } else {
    answer.text = co_await probe_stranger(std::move(target->conninfo), deadline);
  }
  waiter->set_value(std::move(answer));
}

asio::awaitable<http::ProbeAnswer> Monitor::probe_known(
    std::size_t index, cluster::Instant deadline
) {
  auto at = clusters_.begin();
  for (; index >= at->pollers.size(); ++at) {
    index -= at->pollers.size();
  }
  if (at->pollers[index]->is_left_to_others(now())) {
    pg::ConnInfo conninfo = at->pollers[index]->server().conninfo;
    http::ProbeAnswer answer;
    answer.text = co_await probe_stranger(std::move(conninfo), deadline);
    co_return answer;
  }
  const std::string cluster = at->configured.name;
  const std::string name = at->pollers[index]->server().name;
  const cluster::Instant begin = now();
  co_await at->pollers[index]->run_round(deadline);
  // The server may have left while it was asked, and its cluster too.
  const auto watched = std::ranges::find_if(clusters_, [&cluster](const WatchedCluster& known) {
    return known.configured.name == cluster;
  });
  if (watched == clusters_.end()) {
    http::ProbeAnswer gone{.status = 404, .text = cluster + " is not watched any more.\n"};
    co_return gone;
  }
  observe(*watched, now());
  const auto pages = take_pages(std::span{&*watched, 1}, queries_->catalogue.broken, now());
  const auto& found = pages.front().servers;
  const auto page = std::ranges::find(found, name, &metrics::ServerPage::name);
  const metrics::ServerPage gone{.name = name};
  http::ProbeAnswer answer;
  answer.text = metrics::render_probe(
      pages.front(), page == found.end() ? gone : *page, clocks(), seconds_since(begin)
  );
  co_return answer;
}

// A server that no cluster has: asked once, over a connection that is closed then.
asio::awaitable<std::string> Monitor::probe_stranger(
    pg::ConnInfo conninfo, cluster::Instant deadline
) {
  WatchedCluster once;
  once.configured.name = "probe";
  config::Server server{.name = to_string(conninfo.endpoint), .conninfo = std::move(conninfo)};
  once.pollers.push_back(makers(std::nullopt).poller(server));
  const cluster::Instant begin = now();
  co_await once.pollers.front()->run_round(deadline);
  const auto samples = take_samples(once, now());
  once.latest = cluster::observe({.name = "probe"}, samples, {}, now()).cluster;
  const auto pages = take_pages(std::span{&once, 1}, queries_->catalogue.broken, now());
  std::string text = metrics::render_probe(
      pages.front(), pages.front().servers.front(), clocks(), seconds_since(begin)
  );
  co_await once.pollers.front()->end();
  co_return text;
}

}  // namespace pgrepl
