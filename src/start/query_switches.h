// Which queries of a catalogue the configuration switches on and off, and where they run.
#pragma once

#include "catalogue/select.h"
#include "config/config.h"
#include "support/errors.h"

namespace pgrepl {

// A mistake for each name under `enable` and `disable` that no query has.
[[nodiscard]] Errors find_unknown_queries(
    const config::Queries& queries, const catalogue::Catalogue& catalogue
);

[[nodiscard]] catalogue::Switches to_switches(
    const config::Queries& queries, const catalogue::Catalogue& catalogue
);

}  // namespace pgrepl
