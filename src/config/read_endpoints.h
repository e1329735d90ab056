// The section `endpoints` of a cluster.
#pragma once

#include "config/connection.h"
#include "config/endpoint.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <vector>

namespace pgrepl::config {

[[nodiscard]] std::vector<Endpoint> read_endpoints(
    const yaml::Node& list, const ConnectionContext& context, Errors& errors
);

}  // namespace pgrepl::config
