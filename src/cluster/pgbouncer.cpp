#include "cluster/pgbouncer.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace pgrepl::cluster {

namespace {

// The console lists itself among the databases.
constexpr std::string_view kConsole = "pgbouncer";

std::string_view text_at(const pg::ResultSet& rows, std::size_t row, std::string_view column) {
  return rows.at(row, column).value_or("");
}

std::optional<std::uint16_t> port_at(const pg::ResultSet& rows, std::size_t row) {
  const std::string_view text = text_at(rows, row, "port");
  std::uint16_t port = 0;
  const auto [stopped, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_whole = problem == std::errc{} && stopped == text.data() + text.size();
  return is_whole ? std::optional{port} : std::nullopt;
}

void add_once(std::vector<pg::Endpoint>& targets, pg::Endpoint target) {
  if (std::ranges::find(targets, target) == targets.end()) {
    targets.push_back(std::move(target));
  }
}

// The other ends of the connections that are open for a database.
std::vector<pg::Endpoint> connected_to(
    const std::optional<pg::ResultSet>& servers, std::string_view database
) {
  std::vector<pg::Endpoint> targets;
  for (std::size_t row = 0; servers && row < servers->rows(); ++row) {
    const auto port = port_at(*servers, row);
    if (text_at(*servers, row, "database") == database && port) {
      add_once(targets, {.host = std::string{text_at(*servers, row, "addr")}, .port = *port});
    }
  }
  return targets;
}

// `host` may list several, which share a port.
std::vector<pg::Endpoint> configured_for(const pg::ResultSet& databases, std::size_t row) {
  std::vector<pg::Endpoint> targets;
  const auto port = port_at(databases, row);
  std::string_view hosts = text_at(databases, row, "host");
  while (port && !hosts.empty()) {
    const std::size_t comma = std::min(hosts.find(','), hosts.size());
    add_once(targets, {.host = std::string{hosts.substr(0, comma)}, .port = *port});
    hosts.remove_prefix(std::min(comma + 1, hosts.size()));
  }
  return targets;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.") || host.empty() ||
         host.starts_with('/');
}

// The same place as we would name it. Absent when it cannot be named: on a host that is not ours,
// and of which only that is known.
std::optional<pg::Endpoint> as_we_say(const pg::Endpoint& target, const pg::Endpoint& pooler) {
  if (!is_loopback(target.host)) {
    return target;
  }
  return pooler.host.empty() ? std::nullopt : std::optional{pg::Endpoint{pooler.host, target.port}};
}

const ServerSample* find_server(std::span<const ServerSample> samples, const pg::Endpoint& target) {
  const auto found = std::ranges::find_if(samples, [&target](const ServerSample& sample) {
    return sample.endpoint.port == target.port &&
           (sample.endpoint.host == target.host ||
            (is_loopback(sample.endpoint.host) && is_loopback(target.host)) ||
            std::ranges::find(sample.addresses, target.host) != sample.addresses.end());
  });
  return found == samples.end() ? nullptr : &*found;
}

class RouteFinder {
 public:
  RouteFinder(
      std::span<const ServerSample> samples,
      const std::optional<std::string>& primary,
      std::span<const EndpointStatus> endpoints
  )
      : samples_(samples), primary_(primary), endpoints_(endpoints) {}

  [[nodiscard]] PgBouncerRoute find(
      std::string database,
      const std::vector<pg::Endpoint>& targets,
      std::string_view origin,
      const pg::Endpoint& pooler
  ) const {
    PgBouncerRoute route{.database = std::move(database), .servers = {}};
    bool all_known = !targets.empty();
    bool all_primary = true;
    route.evidence = origin;
    for (const pg::Endpoint& target : targets) {
      route.evidence += " " + to_string(target);
      const auto ours = as_we_say(target, pooler);
      const ServerSample* server = ours ? find_server(samples_, *ours) : nullptr;
      all_known = all_known && server != nullptr;
      if (server == nullptr) {
        continue;
      }
      all_primary = all_primary && primary_ == server->name;
      if (std::ranges::find(route.servers, server->name) == route.servers.end()) {
        route.servers.push_back(server->name);
      }
    }
    if (all_known || !all_primary) {
      route.leads_to_primary = all_primary;
    }
    ask_endpoint(pooler, route);
    return route;
  }

 private:
  void ask_endpoint(const pg::Endpoint& pooler, PgBouncerRoute& route) const {
    const auto found = std::ranges::find_if(endpoints_, [&](const EndpointStatus& status) {
      return status.probe.target == pooler && !pooler.host.empty() &&
             status.probe.database == route.database && status.probe.reading && status.server;
    });
    if (found != endpoints_.end()) {
      route.servers = {*found->server};
      route.leads_to_primary = primary_ == found->server;
      route.evidence += "; endpoint " + found->probe.name + " leads to " + *found->server;
    }
  }

  std::span<const ServerSample> samples_;
  const std::optional<std::string>& primary_;
  std::span<const EndpointStatus> endpoints_;
};

std::vector<PgBouncerRoute> find_routes(
    const PgBouncerReading& reading, const RouteFinder& finder, const pg::Endpoint& pooler
) {
  std::vector<PgBouncerRoute> routes;
  for (std::size_t row = 0; reading.databases && row < reading.databases->rows(); ++row) {
    std::string database{text_at(*reading.databases, row, "name")};
    if (database == kConsole) {
      continue;
    }
    const auto connected = connected_to(reading.servers, database);
    routes.push_back(
        connected.empty() ? finder.find(
                                std::move(database),
                                configured_for(*reading.databases, row),
                                "is configured for",
                                pooler
                            )
                          : finder.find(std::move(database), connected, "is connected to", pooler)
    );
  }
  return routes;
}

}  // namespace

std::vector<PgBouncerStatus> describe_pgbouncers(
    std::span<const PgBouncerProbe> probes,
    std::span<const ServerSample> samples,
    const std::optional<std::string>& primary,
    std::span<const EndpointStatus> endpoints
) {
  std::vector<PgBouncerStatus> all;
  const RouteFinder finder{samples, primary, endpoints};
  for (const PgBouncerProbe& probe : probes) {
    PgBouncerStatus status{.probe = probe, .routes = {}};
    if (probe.reading) {
      status.routes = find_routes(*probe.reading, finder, probe.endpoint);
    }
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace pgrepl::cluster
