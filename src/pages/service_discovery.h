// What /sd answers: every known server as a target of /probe, for Prometheus' http_sd_configs.
#pragma once

#include "pages/picture.h"

#include <string>

namespace pgrepl::pages {

// `address` is where the exporter is reached, as Prometheus did it: "host:port".
[[nodiscard]] std::string service_discovery_json(
    const Picture& picture, const std::string& address
);

}  // namespace pgrepl::pages
