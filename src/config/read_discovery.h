// The section `discovery` of a cluster.
#pragma once

#include "config/connection.h"
#include "config/discovery.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <vector>

namespace pgrepl::config {

[[nodiscard]] std::vector<Discovery> read_discovery(
    const yaml::Node& list, const ConnectionContext& context, Errors& errors
);

}  // namespace pgrepl::config
