// Which server is the primary, since when, and what its readings teach: the WAL history, where its
// timeline began, failovers, and whether it went back.
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

struct FoundPrimary {
  // The one server that answers as primary; of several, none once they all have been asked after
  // the first sight of the conflict, and until then the highest timeline: at a switchover the last
  // answer of the old primary is older than the promotion.
  std::optional<std::size_t> primary;
  // False while there are several: its reading teaches nothing yet.
  bool is_settled = true;
  // Answers as the only primary, on a timeline that another server has left behind.
  std::optional<std::size_t> stale;
};

// A timeline is left behind when another server of the cluster has been on a later one, and has not
// come back from there: one that was rewound or rebuilt takes its word back.
[[nodiscard]] FoundPrimary find_primary(
    std::span<const ServerSample> samples, Memory& memory, Instant now
);

// Notes where the timelines of primaries that are in conflict began, the last primary's excepted.
void remember_rivals(std::span<const ServerSample> samples, Memory& memory);

// Notes the primary's reading, and a failover if it is a later timeline.
void remember_primary(
    const ServerSample& primary, Memory& memory, std::vector<Event>& events, Instant now
);

// How much the standby's clock is ahead of its upstream's, by the last message, whose way counts as
// 0; 0 when the receiver does not say.
[[nodiscard]] Seconds clock_offset(const WalReceiver& receiver);

// While no primary answers: how far the WAL goes, by what the receivers of standbys were told by
// upstreams that we cannot ask. `told` are the indices of those standbys.
void remember_far_end(
    std::span<const ServerSample> samples, std::span<const std::size_t> told, Memory& memory
);

// The rewind is over once the primary has written past where it was, and no server holds the WAL
// that was lost.
void forget_rewind_when_over(Memory& memory);

}  // namespace pgrepl::cluster
