// Commits that wait for synchronous replication, as they are seen: sessions with the wait event
// SyncRep. What synchronous_standby_names asks for does not say whether anybody waits.
#pragma once

#include "cluster/sample.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace pgrepl::cluster {

struct CommitsWaiting {
  std::size_t sessions = 0;
  std::optional<Seconds> longest;  // of the first of them; absent when none waits

  friend bool operator==(const CommitsWaiting&, const CommitsWaiting&) = default;
};

// Since when each session has waited, by pid, and when that was looked at last.
struct SyncWaitMemory {
  struct Wait {
    std::optional<ServerTime> query_start;
    Instant since;
  };

  std::map<std::int64_t, Wait> waits;
  std::optional<Instant> read_at;
};

// PostgreSQL does not say when a wait began. It began after its statement did, and after the last
// look at which this statement did not wait. Absent when our role may not see it, or the primary
// was not asked yet.
[[nodiscard]] std::optional<CommitsWaiting> measure_commits_waiting(
    const ServerSample& primary, SyncWaitMemory& memory, Instant now
);

}  // namespace pgrepl::cluster
