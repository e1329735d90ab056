#include "cluster/candidates.h"

#include <algorithm>
#include <tuple>

namespace pgrepl::cluster {

namespace {

// A promotion replays all WAL that the server holds. It ends a pause that somebody asked for and a
// delay (13+). It is not possible while a setting is too low, and with a recovery target what lies
// beyond the target is lost.
bool can_be_promoted(const Server& server) {
  if (!server.standby || server.same_as || !server.sample.tick) {
    return false;
  }
  const bool has_target = server.sample.facts && server.sample.facts->has_recovery_target;
  switch (server.standby->state) {
    case StandbyState::Streaming:
    case StandbyState::Catchup:
    case StandbyState::ArchiveRecovery:
    case StandbyState::Delayed:
    case StandbyState::Disconnected:
    case StandbyState::UpstreamDown:
    case StandbyState::Connecting:
      return !has_target;
    case StandbyState::Detached:
      return !has_target && server.standby->chain != Chain::Loop;
    case StandbyState::Paused:
      return !has_target && server.standby->low_settings.empty();
    case StandbyState::Unreachable:
    case StandbyState::Diverged:
    case StandbyState::NeverSeen:
    case StandbyState::Foreign:
    case StandbyState::Ahead:
    case StandbyState::Warm:
    case StandbyState::Unknown:
      return false;
  }
  return false;
}

// It replays what it receives, or did until its upstream fell silent. While the primary answers,
// one that follows the archive is not ready: it lacks the segment that is being written. Of what
// lies beyond a primary that is elsewhere, nothing is known.
bool is_ready(
    const Server& server, std::optional<Seconds> rpo, const Memory& memory, bool primary_answers
) {
  const Standby& standby = *server.standby;
  const bool lost = has_lost_its_upstream(server.sample, standby) &&
                    (standby.state == StandbyState::UpstreamDown ||
                     (standby.state == StandbyState::ArchiveRecovery && !primary_answers));
  const bool streams = standby.state == StandbyState::Streaming && follows(standby);
  const auto flushed = flushed_by(server);
  if (!memory.primary || !flushed || (!streams && !lost)) {
    return false;
  }
  const auto loss = measure_exposure(
      flushed, memory.primary->reading, memory.history, memory.primary->reading.read_at
  );
  return !rpo || (loss.time && *loss.time <= *rpo);
}

// Of the cluster. Where no primary was seen, that of all standbys; absent when they differ, since a
// standby without a receiver tells its timeline late, and positions of two do not compare.
std::optional<pg::TimelineId> timeline_to_go_on(const Cluster& cluster) {
  if (cluster.timeline) {
    return cluster.timeline;
  }
  std::optional<pg::TimelineId> common;
  for (const Server& server : cluster.servers) {
    if (!can_be_promoted(server) || !server.timeline) {
      continue;
    }
    if (common && common != server.timeline) {
      return std::nullopt;
    }
    common = server.timeline;
  }
  return common;
}

// How many standbys it has above it: they would have to follow it, or be passed by.
int standbys_above(const Cluster& cluster, const Server& server) {
  int above = 0;
  const Server* at = &server;
  while (at->standby && at->standby->upstream && above < static_cast<int>(cluster.servers.size())) {
    const auto next = std::ranges::find_if(cluster.servers, [at](const Server& other) {
      return other.sample.name == at->standby->upstream->server;
    });
    if (next == cluster.servers.end() || !next->standby) {
      break;
    }
    at = &*next;
    ++above;
  }
  return above;
}

}  // namespace

std::optional<pg::Lsn> flushed_by(const Server& server) {
  if (!server.sample.tick) {
    return std::nullopt;
  }
  const TickReading& reading = server.sample.tick->reading;
  return std::max(reading.position, reading.received);
}

void judge_candidates(std::optional<Seconds> rpo, Cluster& cluster, const Memory& memory) {
  if (cluster.primaries > 1 && !cluster.primary) {
    return;
  }
  const auto timeline = timeline_to_go_on(cluster);
  if (!timeline) {
    return;
  }
  // Where the primary is elsewhere, nobody here is to be promoted for want of one.
  const bool all_may = !cluster.primary && cluster.role == ClusterRole::Origin;
  // Most WAL first. Between equals: who is ready, and who stands highest in the tree.
  using Merit = std::tuple<pg::Lsn, bool, int>;
  std::optional<Merit> best;
  for (Server& server : cluster.servers) {
    const auto flushed = flushed_by(server);
    if (!can_be_promoted(server) || !flushed || server.timeline != timeline) {
      continue;
    }
    const bool ready = is_ready(server, rpo, memory, cluster.primary.has_value());
    server.standby->failover_ready = ready;
    const Merit merit{*flushed, ready, -standbys_above(cluster, server)};
    if ((ready || all_may) && (!best || merit > *best)) {
      best = merit;
      cluster.best_candidate = server.sample.name;
    }
  }
}

}  // namespace pgrepl::cluster
