// How often something failed, by the reason that is exported.
#pragma once

#include "pg/sql_state.h"

#include <cstdint>
#include <map>

namespace pgrepl::sampling {

using ErrorCounts = std::map<pg::FailureReason, std::uint64_t>;

}  // namespace pgrepl::sampling
