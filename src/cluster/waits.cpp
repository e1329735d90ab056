#include "cluster/waits.h"

#include <algorithm>
#include <utility>

namespace pgrepl::cluster {

namespace {

// A time of the server's clock as an instant of ours, by the last tick.
Instant instant_of(ServerTime time, const Tick& tick) {
  const Seconds ago{tick.reading.server_time - time};
  return tick.received - std::chrono::duration_cast<Instant::duration>(ago);
}

Instant began(const SyncWait& wait, const ServerSample& primary, const SyncWaitMemory& before) {
  const Instant read_at = primary.sync_waits->read_at;
  const auto known = before.waits.find(wait.pid);
  if (known != before.waits.end() && known->second.query_start == wait.query_start) {
    return known->second.since;
  }
  const Instant started =
      wait.query_start && primary.tick ? instant_of(*wait.query_start, *primary.tick) : read_at;
  return std::min(read_at, std::max(started, before.read_at.value_or(started)));
}

}  // namespace

std::optional<CommitsWaiting> measure_commits_waiting(
    const ServerSample& primary, SyncWaitMemory& memory, Instant now
) {
  if (!primary.sync_waits) {
    memory = {};
    return std::nullopt;
  }
  if (memory.read_at != primary.sync_waits->read_at) {
    SyncWaitMemory next{.waits = {}, .read_at = primary.sync_waits->read_at};
    for (const SyncWait& wait : primary.sync_waits->sessions) {
      next.waits[wait.pid] = {wait.query_start, began(wait, primary, memory)};
    }
    memory = std::move(next);
  }
  CommitsWaiting waiting{.sessions = memory.waits.size(), .longest = std::nullopt};
  for (const auto& [pid, wait] : memory.waits) {
    waiting.longest = std::max(waiting.longest, std::optional{Seconds{now - wait.since}});
  }
  return waiting;
}

}  // namespace pgrepl::cluster
