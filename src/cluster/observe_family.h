// The servers of one birth, as they together show it.
#pragma once

#include "cluster/observe.h"

#include <span>

namespace pgrepl::cluster {

// As observe(), for servers that all have one system identifier and none of which is listed twice.
// Its events are without those of anomalies.
[[nodiscard]] Observation observe_family(
    const Watched& watched, std::span<const ServerSample> samples, Memory memory, Instant now
);

}  // namespace pgrepl::cluster
