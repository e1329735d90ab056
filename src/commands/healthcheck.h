// The command a container's HEALTHCHECK runs: asks the exporter on this host whether it is healthy.
#pragma once

#include "config/config.h"

namespace pgrepl {

// 0 when /-/healthy answers 200, else 1 with the reason on standard error.
[[nodiscard]] int healthcheck(const config::Web& web);

}  // namespace pgrepl
