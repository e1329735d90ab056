// Which server is the primary, since when, and what its readings teach: the WAL history and the
// failovers.
#pragma once

#include "cluster/event.h"
#include "cluster/memory.h"

#include <optional>
#include <span>
#include <vector>

namespace pgrepl::cluster {

// Middle of an exchange, and half of its duration.
[[nodiscard]] Instant middle(const Tick& tick);
[[nodiscard]] Seconds half_round_trip(const Tick& tick);

// The one server that answers as primary; of several, none once they all have been asked after the
// first sight of the conflict (until then the highest timeline: at a switchover the last answer of
// the old primary is older than the promotion). A server on an older timeline than the last
// primary's is not one.
[[nodiscard]] std::optional<std::size_t> find_primary(
    std::span<const ServerSample> samples, Memory& memory, Instant now
);

// Notes the primary's reading, and a failover if it is another server or a later timeline.
void remember_primary(
    const ServerSample& primary, Memory& memory, std::vector<Event>& events, Instant now
);

// Whether a server on `timeline` at `position` went beyond the point where a later timeline of the
// primary began. False when no such beginning was seen.
[[nodiscard]] bool has_diverged(const Memory& memory, pg::TimelineId timeline, pg::Lsn position);

}  // namespace pgrepl::cluster
