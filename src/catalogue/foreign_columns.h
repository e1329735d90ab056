// The `metrics` of other exporters' query files: a list of maps with one column each.
#pragma once

#include "catalogue/foreign.h"
#include "catalogue/read_columns.h"

#include <string>
#include <vector>

namespace pgrepl::catalogue {

[[nodiscard]] std::vector<Column> read_foreign_columns(
    Dialect dialect, const yaml::Node& metrics, const std::string& prefix, Errors& errors
);

}  // namespace pgrepl::catalogue
