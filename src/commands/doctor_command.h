// The command that says what is missing on each server, and what mends it.
#pragma once

#include "start/setup.h"

namespace pgrepl {

// Connects to every server, those that discovery finds too, and only reads. Gives the exit status:
// 0 when nothing was found, 1 when something was.
[[nodiscard]] int examine_servers(Setup setup);

}  // namespace pgrepl
