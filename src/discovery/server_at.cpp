#include "discovery/server_at.h"

namespace pgrepl::discovery {

config::Server server_at(
    const std::string& address, const pg::ConnInfo& login, const std::string& certificate_name
) {
  config::Server server{.name = "", .conninfo = login, .lag_thresholds = {}};
  server.conninfo.endpoint.host = address;
  server.name = to_string(server.conninfo.endpoint);
  if (!certificate_name.empty() && login.parameter("sslmode") == "verify-full") {
    server.conninfo.endpoint.host = certificate_name;
    server.conninfo.set_parameter("hostaddr", address);
  }
  return server;
}

}  // namespace pgrepl::discovery
