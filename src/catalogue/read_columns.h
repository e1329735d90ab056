// The columns of one query: what each becomes on the page.
#pragma once

#include "catalogue/query.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <string>
#include <vector>

namespace pgrepl::catalogue {

// Mistakes go into `errors`: names Prometheus does not know, more or less than one usage, help that
// is missing or would break the page, labels without bound.
[[nodiscard]] std::vector<Column> read_columns(
    const yaml::Node& columns, const std::string& prefix, Errors& errors
);

}  // namespace pgrepl::catalogue
