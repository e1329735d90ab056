#include "discovery/patroni.h"

#include "discovery/patroni_cluster.h"
#include "discovery/roster.h"
#include "discovery/surroundings.h"
#include "log/log.h"

#include <utility>

namespace pgrepl::discovery {

namespace {

std::vector<config::Server> to_servers(
    const PatroniCluster& cluster, const pg::ConnInfo& login, const pg::Reach& reach
) {
  std::vector<config::Server> servers;
  for (const PatroniMember& member : cluster.members) {
    config::Server server{.name = member.name, .conninfo = login, .lag_thresholds = {}};
    server.conninfo.endpoint = member.endpoint;
    server.conninfo.reach = reach;
    servers.push_back(std::move(server));
  }
  return servers;
}

}  // namespace

PatroniSource::PatroniSource(
    fetch::Outside outside,
    config::PatroniDiscovery configured,
    std::span<const config::Server> servers,
    std::chrono::milliseconds timeout,
    std::size_t most
)
    : outside_(outside),
      configured_(std::move(configured)),
      given_hosts_(given_hosts(configured_.urls, servers)),
      reach_{configured_.allowed_networks},
      timeout_(timeout),
      most_(most) {
}

asio::awaitable<Expected<std::vector<config::Server>, std::string>> PatroniSource::discover() {
  if (configured_.allowed_networks.empty()) {
    co_await look_around(outside_.network, given_hosts_, outside_.loop.now() + timeout_, reach_);
  }
  if (reach_.networks.empty()) {
    co_return Unexpected<std::string>{
        "patroni: the hosts of its urls cannot be looked up, so that nothing says in which "
        "networks "
        "its members may be; list allowed_networks"};
  }
  std::string reason;
  for (std::size_t i = 0; i < configured_.urls.size(); ++i) {
    const std::size_t which = (preferred_ + i) % configured_.urls.size();
    config::Url url = configured_.urls[which];
    const std::string place = to_string(pg::Endpoint{url.host, url.port});
    url.path += "/cluster";
    const auto deadline = outside_.loop.now() + timeout_;
    auto body = co_await outside_.http.get(url, configured_.rest, deadline);
    auto cluster =
        body.and_then([](const std::string& text) { return parse_patroni_cluster(text); });
    if (cluster) {
      preferred_ = which;
      note_pause(cluster->paused);
      leave_some(cluster->members, most_, &PatroniMember::name);
      co_return to_servers(*cluster, configured_.login, reach_);
    }
    reason += (reason.empty() ? "" : "; ") + place + ": " + cluster.error();
  }
  co_return Unexpected<std::string>{"patroni: no member answers: " + reason};
}

void PatroniSource::note_pause(bool paused) {
  if (paused != paused_) {
    log::write(
        log::Level::Warning,
        "discovery",
        paused ? "Patroni is paused; it promotes nobody" : "Patroni is no longer paused",
        {{"url", configured_.urls.at(preferred_).host}}
    );
  }
  paused_ = paused;
}

}  // namespace pgrepl::discovery
