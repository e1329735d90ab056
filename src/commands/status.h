// The command that shows clusters, servers and lag in a terminal.
#pragma once

#include "start/command_line.h"
#include "start/startup.h"

namespace pgrepl {

// Both give the exit status: 0 when all clusters are healthy, 1 when one is not or nothing could be
// learnt, 2 on bad input.

// Asks the exporter that runs at `flags.url`.
[[nodiscard]] int status_of_exporter(const StatusFlags& flags);

// Connects to the servers itself.
[[nodiscard]] int status_of_servers(const StatusFlags& flags, Setup setup);

}  // namespace pgrepl
