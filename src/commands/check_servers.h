// The command `check --connect`.
#pragma once

#include "start/setup.h"

namespace pgrepl {

// Runs every query once on every configured server, prints what came of it, and gives the exit
// status: 0, or 1 when a server does not answer, a right is missing, or a query failed.
[[nodiscard]] int check_servers(Setup setup);

}  // namespace pgrepl
