// A PgBouncer, known by its admin console.
#pragma once

#include "pg/conninfo.h"

#include <string>

namespace pgrepl::config {

struct PgBouncer {
  std::string name;       // "host:port" when the user gave none; unique in its cluster
  pg::ConnInfo conninfo;  // its database is always the console, `pgbouncer`

  friend bool operator==(const PgBouncer&, const PgBouncer&) = default;
};

}  // namespace pgrepl::config
