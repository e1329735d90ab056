// One cluster without a configuration file: DATA_SOURCE_* as PostgreSQL exporters have had them
// for years, and libpq's own variables.
#pragma once

#include "config/config.h"
#include "config/connection.h"
#include "support/errors.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::config {

// The conninfo strings and URIs in DATA_SOURCE_NAME. A comma separates only where the end, a URI or
// a keyword with '=' follows, and never inside single quotes: hosts and values may have commas too.
[[nodiscard]] std::vector<std::string> split_data_source_name(std::string_view text);

// The URIs in DATA_SOURCE_URI, which have no scheme. A comma separates once a '/' or '?' has ended
// the list of hosts; before that it belongs to the list.
[[nodiscard]] std::vector<std::string> split_data_source_uri(std::string_view text);

// The cluster `default` from DATA_SOURCE_NAME, else DATA_SOURCE_URI, else PGHOST, PGHOSTADDR or
// PGSERVICE. Absent when none is set.
[[nodiscard]] std::optional<Cluster> cluster_from_environment(
    const ConnectionContext& context, Errors& errors
);

}  // namespace pgrepl::config
