#include "discovery/patroni.h"

#include "discovery/patroni_cluster.h"
#include "log/log.h"

#include <utility>

namespace pgrepl::discovery {

namespace {

std::vector<config::Server> to_servers(const PatroniCluster& cluster, const pg::ConnInfo& login) {
  std::vector<config::Server> servers;
  for (const PatroniMember& member : cluster.members) {
    config::Server server{.name = member.name, .conninfo = login, .lag_thresholds = {}};
    server.conninfo.endpoint = member.endpoint;
    servers.push_back(std::move(server));
  }
  return servers;
}

}  // namespace

PatroniSource::PatroniSource(
    fetch::Outside outside, config::PatroniDiscovery configured, std::chrono::milliseconds timeout
)
    : outside_(outside), configured_(std::move(configured)), timeout_(timeout) {
}

asio::awaitable<Expected<std::vector<config::Server>, std::string>> PatroniSource::discover() {
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
      co_return to_servers(*cluster, configured_.login);
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
