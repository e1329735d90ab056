// What is answered from the picture of all clusters: to programs, to load balancers, to people.
#pragma once

#include "endpoints/endpoints.h"

namespace pgrepl::http {

// The whole model and what is wrong with it, of the last tick.
[[nodiscard]] Response clusters(SnapshotSource& source, const Request& request);
// The last changes; ?cluster=, ?server= and ?limit= narrow them.
[[nodiscard]] Response events(SnapshotSource& source, const Request& request);
// Every server as a target of /probe.
[[nodiscard]] Response service_discovery(SnapshotSource& source, const Request& request);
// /servers/NAME/primary and /servers/NAME/replica, of the last tick: asked by many, and often.
[[nodiscard]] Response server_check(SnapshotSource& source, const Request& request);
// The page for people, of the last tick.
[[nodiscard]] Response status(
    SnapshotSource& source, const Request& request, const std::string& telemetry_path
);
[[nodiscard]] Response status_style();
[[nodiscard]] Response status_script();

}  // namespace pgrepl::http
