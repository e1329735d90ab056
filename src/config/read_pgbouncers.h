// The section `pgbouncers` of a cluster.
#pragma once

#include "config/connection.h"
#include "config/pgbouncer.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <vector>

namespace pgrepl::config {

[[nodiscard]] std::vector<PgBouncer> read_pgbouncers(
    const yaml::Node& list, const ConnectionContext& context, Errors& errors
);

}  // namespace pgrepl::config
