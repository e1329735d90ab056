// Which server a request for /probe means, and whether it may be asked.
#pragma once

#include "config/config.h"
#include "config/sources.h"
#include "endpoints/probe.h"
#include "pg/conninfo.h"
#include "support/expected.h"

#include <optional>
#include <span>
#include <string>

namespace pgrepl::watch {

struct KnownServer {
  std::string cluster;
  std::string name;
  pg::Endpoint endpoint;
};

struct ProbeTarget {
  std::optional<std::size_t> known;  // of the known servers; its own connection serves
  pg::ConnInfo conninfo;             // else whom to ask, and as whom
};

// A known server by its name or its host:port. Any other target, and a known one that is to be
// asked with an auth_module, needs a connection of its own, and an address that is allowed. The
// error is the answer to give.
[[nodiscard]] Expected<ProbeTarget, http::ProbeAnswer> find_probe_target(
    const http::ProbeRequest& request,
    const config::Config& config,
    std::span<const KnownServer> servers,
    const config::ConnInfoParser& parse_conninfo
);

}  // namespace pgrepl::watch
