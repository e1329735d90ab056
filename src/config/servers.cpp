#include "config/servers.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace pgrepl::config {

namespace {

bool is_same_target(const pg::ConnInfo& a, const pg::ConnInfo& b) {
  const auto key = [](const pg::ConnInfo& it) {
    return std::tuple{
        it.endpoint.host, it.endpoint.port, it.parameter("hostaddr"), it.parameter("dbname")};
  };
  return key(a) == key(b);
}

bool is_taken(const std::vector<Server>& servers, std::string_view name) {
  return std::ranges::find(servers, name, &Server::name) != servers.end();
}

std::string default_name(const std::vector<Server>& servers, const pg::ConnInfo& conninfo) {
  std::string name = to_string(conninfo.endpoint);
  if (is_taken(servers, name)) {
    name += '/' + std::string{conninfo.parameter("dbname").value_or("")};
  }
  return name;
}

}  // namespace

std::vector<Server> named(std::vector<LocatedServer> servers, Errors& errors) {
  std::vector<Server> accepted;
  for (LocatedServer& located : servers) {
    Server server = std::move(located.server);
    const auto twin = std::ranges::find_if(accepted, [&server](const Server& other) {
      return is_same_target(server.conninfo, other.conninfo);
    });
    if (twin != accepted.end()) {
      errors.push_back(
          {located.where,
           "host: " + to_string(server.conninfo.endpoint) + " with this database is server '" +
               twin->name + "' already; remove one"}
      );
      continue;
    }
    if (server.name.empty()) {
      server.name = default_name(accepted, server.conninfo);
    }
    if (is_taken(accepted, server.name)) {
      errors.push_back(
          {located.where,
           "name: two servers of this cluster are called '" + server.name + "'; rename one"}
      );
    }
    accepted.push_back(std::move(server));
  }
  return accepted;
}

}  // namespace pgrepl::config
