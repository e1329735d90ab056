// What the settings of a standby explain: a pause, a timeline that it stays on, a receiver that it
// does not start.
#pragma once

#include "cluster/standby.h"

#include <optional>
#include <vector>

namespace pgrepl::cluster {

// Settings lower than its primary's. While no primary answers, they are compared with those of the
// last one. Empty when either side was never asked.
[[nodiscard]] std::vector<LowSetting> find_low_settings(const StandbyView& view);

[[nodiscard]] PauseCause find_pause_cause(
    const StandbyView& view, const std::vector<LowSetting>& low
);

// The timeline that it stays on although its primary is on a later one, as recovery_target_timeline
// is not latest.
[[nodiscard]] std::optional<pg::TimelineId> find_kept_timeline(const StandbyView& view);

// It has no receiver, and holds WAL that it has not replayed because replay is paused or delayed.
// It starts a receiver only when it has read all WAL that it holds (xlogrecovery.c,
// WaitForWALToBecomeAvailable).
[[nodiscard]] bool replays_before_it_receives(const ServerSample& sample);

}  // namespace pgrepl::cluster
