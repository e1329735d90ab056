// The columns of one query: what each becomes on the page.
#pragma once

#include "catalogue/query.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::catalogue {

// What Prometheus takes for the name of a series or a label (and is not a recording rule's).
[[nodiscard]] bool is_name(std::string_view text);

// Mistakes go into `errors`: names Prometheus does not know, more or less than one usage, help that
// is missing or would break the page, labels without bound.
[[nodiscard]] std::vector<Column> read_columns(
    const yaml::Node& columns, const std::string& prefix, Errors& errors
);

}  // namespace pgrepl::catalogue
