// The section `clusters`.
#pragma once

#include "config/config.h"
#include "config/connection.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <vector>

namespace pgrepl::config {

[[nodiscard]] std::vector<Cluster> read_clusters(
    const yaml::Node& list, const ConnectionContext& context, Errors& errors
);

}  // namespace pgrepl::config
