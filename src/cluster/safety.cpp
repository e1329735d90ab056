#include "cluster/safety.h"

#include "cluster/candidates.h"
#include "cluster/sync_standbys.h"
#include "cluster/topology.h"

#include <algorithm>

namespace pgrepl::cluster {

namespace {

bool is_connected(const Server& server) {
  return server.standby && follows(*server.standby) &&
         (server.standby->state == StandbyState::Streaming ||
          server.standby->state == StandbyState::Delayed ||
          server.standby->state == StandbyState::Paused);
}

void note_safe_position(
    std::span<const ServerSample> samples, const Cluster& cluster, Memory& memory
) {
  for (const Server& server : cluster.servers) {
    if (is_connected(server) && server.timeline == cluster.timeline && !server.same_as) {
      memory.safe_position = std::max(memory.safe_position, flushed_by(server));
    }
  }
  if (cluster.primary) {
    for (const WalSender& sender : samples[*cluster.primary].tick->reading.senders) {
      if (feeds_a_standby(sender)) {
        memory.safe_position = std::max(memory.safe_position, sender.flush);
      }
    }
  }
}

std::optional<SyncStandbys> sync_standbys_of(const ServerSample& primary) {
  const auto names = primary.facts
                         ? parse_sync_standby_names(primary.facts->synchronous_standby_names)
                         : std::nullopt;
  if (!names || primary.tick->reading.senders_hidden) {
    return std::nullopt;
  }
  return SyncStandbys{
      .present = count_sync_standbys(primary.tick->reading.senders), .required = names->required};
}

std::optional<pg::Lsn> last_archived(const ServerSample& primary) {
  if (!primary.archiver->last_archived_wal || !primary.facts || !primary.facts->wal_segment_bytes) {
    return std::nullopt;
  }
  return segment_end(*primary.archiver->last_archived_wal, *primary.facts->wal_segment_bytes);
}

// The last archived file may be one that says nothing of positions, or less than one before it: a
// history file after a promotion, the label of a backup that took long.
std::optional<pg::Lsn> archived_up_to(const ServerSample& primary, const Memory& memory) {
  if (!primary.archiver || !primary.archiver->enabled || !memory.archived) {
    return std::nullopt;
  }
  return memory.archived->position;
}

}  // namespace

void note_archive(const ServerSample& primary, Memory& memory) {
  if (!primary.archiver || !memory.primary) {
    return;
  }
  memory.archives_nothing = !primary.archiver->enabled;
  const pg::TimelineId timeline = memory.primary->timeline;
  auto& known = memory.archived;
  if (!primary.archiver->enabled) {
    known.reset();
    return;
  }
  if (known && known->timeline != timeline) {
    // What the old primary archived beyond the point where it was left is no part of it.
    if (const auto began = memory.timelines.beginning_of(timeline)) {
      known->position = std::min(known->position, began->at_most);
    }
    known->timeline = timeline;
  }
  if (const auto last = last_archived(primary)) {
    const pg::Lsn position = known ? std::max(known->position, *last) : *last;
    known = ArchivedMemory{.timeline = timeline, .position = position};
  }
}

void assess_safety(
    std::span<const ServerSample> samples,
    std::optional<Seconds> rpo,
    Cluster& cluster,
    Memory& memory,
    Instant now
) {
  note_safe_position(samples, cluster, memory);
  judge_candidates(rpo, cluster, memory);
  if (!cluster.primary || !memory.primary) {
    return;
  }
  const ServerSample& primary = samples[*cluster.primary];
  cluster.sync_standbys = sync_standbys_of(primary);
  cluster.commits_waiting = measure_commits_waiting(primary, memory.sync_waits, now);
  if (primary.tick->reading.senders_hidden) {
    return;
  }
  cluster.data_loss =
      measure_exposure(memory.safe_position, memory.primary->reading, memory.history, now);
  cluster.archive = measure_exposure(
      archived_up_to(primary, memory), memory.primary->reading, memory.history, now
  );
}

}  // namespace pgrepl::cluster
