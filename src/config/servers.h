// Names for the servers of one cluster, and what must be unique among them.
#pragma once

#include "config/config.h"
#include "support/errors.h"

#include <vector>

namespace pgrepl::config {

struct LocatedServer {
  Server server;         // without a name when the user gave none
  SourceLocation where;  // where errors about it point
};

// A server without a name is called "host:port", or "host:port/dbname" when an earlier server has
// that name. Reports names that are not unique, and servers that differ in nothing but the name.
[[nodiscard]] std::vector<Server> named(std::vector<LocatedServer> servers, Errors& errors);

}  // namespace pgrepl::config
