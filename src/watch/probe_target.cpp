#include "watch/probe_target.h"

#include "config/probe.h"
#include "pg/reach.h"

#include <algorithm>
#include <utility>

namespace pgrepl::watch {

namespace {

Unexpected<http::ProbeAnswer> refuse(int status, const std::string& why) {
  return Unexpected<http::ProbeAnswer>{http::ProbeAnswer{status, why + "\n"}};
}

std::optional<std::size_t> find_known(
    const http::ProbeRequest& request, std::span<const KnownServer> servers
) {
  const auto found = std::ranges::find_if(servers, [&request](const KnownServer& server) {
    return (!request.cluster || *request.cluster == server.cluster) &&
           (request.target == server.name || request.target == to_string(server.endpoint));
  });
  return found == servers.end() ? std::nullopt
                                : std::optional{static_cast<std::size_t>(found - servers.begin())};
}

// A URI or "keyword=value …" as it is, "host:port[/database][?options]" as a URI.
std::string as_conninfo(const std::string& target) {
  const bool whole =
      target.find("://") != std::string::npos ||
      (target.find('=') != std::string::npos && target.find('?') == std::string::npos);
  return whole ? target : "postgresql://" + target;
}

// Anything else could lead our credentials elsewhere (hostaddr, service), send them in the clear
// (sslmode), or read files of ours.
bool may_be_asked_for(const std::pair<std::string, std::string>& parameter) {
  return parameter.first == "dbname" || parameter.first == "connect_timeout" ||
         parameter.first == "application_name";
}

void log_in(pg::ConnInfo& conninfo, const config::AuthModule& module) {
  conninfo.set_parameter("user", module.username);
  conninfo.password = module.password;
  conninfo.password_file = module.password_file;
  for (const auto& [keyword, value] : module.options) {
    conninfo.set_parameter(keyword, value);
  }
}

void fill_in(pg::ConnInfo& conninfo, const pg::ConnInfo& defaults) {
  for (const auto& [keyword, value] : defaults.parameters) {
    if (!conninfo.parameter(keyword)) {
      conninfo.set_parameter(keyword, value);
    }
  }
}

}  // namespace

Expected<ProbeTarget, http::ProbeAnswer> find_probe_target(
    const http::ProbeRequest& request,
    const config::Config& config,
    std::span<const KnownServer> servers,
    const config::ConnInfoParser& parse_conninfo
) {
  const auto known = find_known(request, servers);
  if (known && !request.auth_module) {
    return ProbeTarget{.known = known, .conninfo = {}};
  }
  auto parsed = parse_conninfo(
      known ? as_conninfo(to_string(servers[*known].endpoint)) : as_conninfo(request.target)
  );
  if (!parsed || parsed->size() != 1) {
    return refuse(400, "target: expected host:port, or a conninfo string or URI of one host");
  }
  pg::ConnInfo conninfo = std::move(parsed->front());
  if (conninfo.password || conninfo.password_file) {
    return refuse(400, "target: a password does not belong into a URL; use an auth_module");
  }
  if (!std::ranges::all_of(conninfo.parameters, may_be_asked_for)) {
    return refuse(
        400, "target: beyond host and port only dbname, connect_timeout and application_name"
    );
  }
  // A pattern like *.example.com would admit a socket's path that ends so.
  if (!known && !pg::is_host(conninfo.endpoint.host)) {
    return refuse(403, "target: the host is neither a name nor an address");
  }
  if (!known && !config::is_allowed(config.probe, to_string(conninfo.endpoint))) {
    return refuse(403, "target: not a known server, and no pattern of probe.allowed_targets");
  }
  if (request.auth_module) {
    const auto module = config.auth_modules.find(*request.auth_module);
    if (module == config.auth_modules.end()) {
      return refuse(400, "auth_module: there is none of this name");
    }
    log_in(conninfo, module->second);
  } else {
    conninfo.set_password_of(config.defaults);
  }
  fill_in(conninfo, config.defaults);
  return ProbeTarget{.known = std::nullopt, .conninfo = std::move(conninfo)};
}

}  // namespace pgrepl::watch
