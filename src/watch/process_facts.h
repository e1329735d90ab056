// What the kernel says of this process.
#pragma once

#include "metrics/self_families.h"

namespace pgrepl::watch {

[[nodiscard]] metrics::ProcessFacts read_process_facts();

}  // namespace pgrepl::watch
