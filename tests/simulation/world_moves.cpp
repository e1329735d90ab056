// What happens to servers.
#include "simulation/world.h"

#include <algorithm>
#include <utility>

namespace pgrepl::simulation {

namespace {

// A server takes the number after the highest of which it finds a history file. Without a shared
// archive, that may be one which another server has taken too: a promotion that the model takes for
// a primary that was put back. True once a branch is more than its number.
constexpr bool kTimelineNumbersMayRepeat = false;

}  // namespace

// Two servers never start at one instant: they are told apart by that.
Instant World::start_instant(NodeId id) const {
  return now_ + std::chrono::microseconds{1 + id};
}

void World::end_backends(NodeId id) {
  Node& node = nodes_.at(id);
  node.locks.clear();
  node.ended_at = now_;
  for (const Backend& backend : std::exchange(node.backends, {})) {
    if (on_end) {
      on_end(backend.id);
    }
  }
}

void World::end_backends_of(NodeId id, ExporterId exporter) {
  const std::vector<Backend> all = node(id).backends;
  for (const Backend& backend : all) {
    if (backend.exporter == exporter) {
      close_backend(id, backend.id);
      if (on_end) {
        on_end(backend.id);
      }
    }
  }
}

void World::crash(NodeId id) {
  Node& node = nodes_.at(id);
  node.process = Process::Down;
  node.frozen = false;
  node.streams = false;
  end_backends(id);
}

void World::start(NodeId id, milliseconds takes) {
  Node& node = nodes_.at(id);
  if (node.process != Process::Down || node.needs_rebuild) {
    return;
  }
  node.process = takes.count() > 0 ? Process::StartingUp : Process::Running;
  node.started = start_instant(id);
  node.ready_at = now_ + takes;
  node.paused = false;
  node.promoted_at.reset();
}

std::uint32_t World::next_timeline(const Node& node) const {
  const std::uint64_t identifier = wal_.at(node.position.branch).system_identifier;
  if (kTimelineNumbersMayRepeat) {
    return wal_.at(node.position.branch).timeline + 1;
  }
  return wal_.highest_timeline(identifier) + 1;
}

void World::promote(NodeId id) {
  Node& node = nodes_.at(id);
  if (node.primary || !node.runs()) {
    return;
  }
  // It replays what it has received first.
  node.position = node.received;
  const std::uint32_t timeline = next_timeline(node);
  node.promoted_at = node.position.lsn;
  node.position.branch = wal_.fork(node.position, timeline, now_);
  node.primary = true;
  node.paused = false;
  node.streams = false;
  node.control_timeline = timeline;
  node.control_lsn = node.position.lsn;
  for (const Node& other : nodes_) {
    node.write_rate = std::max(node.write_rate, other.primary ? other.write_rate : 0);
  }
  promotions.push_back({now_, id});
  remember(node);
}

void World::repoint(NodeId id, NodeId upstream) {
  Node& node = nodes_.at(id);
  // A loop of standbys has no top.
  for (std::optional<NodeId> up = upstream; up; up = nodes_.at(*up).upstream) {
    if (*up == id || nodes_.at(*up).primary) {
      if (*up == id) {
        return;
      }
      break;
    }
  }
  if (!node.primary) {
    node.upstream = upstream;
    node.streams = false;
  }
}

void World::rebuild(NodeId id, NodeId from) {
  Node& node = nodes_.at(id);
  const Node& source = nodes_.at(from);
  if (id == from) {
    return;
  }
  end_backends(id);
  node.needs_rebuild = false;
  node.primary = false;
  node.process = Process::Running;
  node.frozen = false;
  node.paused = false;
  node.streams = false;
  node.started = start_instant(id);
  node.upstream = from;
  node.received = source.primary ? source.position : source.received;
  node.position = node.received;
  node.control_timeline = wal_.at(node.position.branch).timeline;
  node.control_lsn = node.position.lsn;
  node.promoted_at.reset();
  node.checkpoint_at = now_;
  remember(node);
}

void World::switch_over(NodeId next) {
  const auto now_primary =
      std::ranges::find_if(nodes_, [](const Node& node) { return node.primary && node.runs(); });
  Node& node = nodes_.at(next);
  if (now_primary == nodes_.end() || node.primary || !node.runs() ||
      !wal_.contains(now_primary->position, node.received)) {
    return;
  }
  const auto before = static_cast<NodeId>(now_primary - nodes_.begin());
  node.received = now_primary->position;
  promote(next);
  rebuild(before, next);
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (!nodes_[id].primary && nodes_[id].upstream == before) {
      repoint(id, next);
    }
  }
}

void World::renew(NodeId id) {
  Node& node = nodes_.at(id);
  end_backends(id);
  constexpr std::uint64_t kFresh = std::uint64_t{1} << 24U;
  node.position = {wal_.begin(++last_identifier_, kFresh, now_), kFresh};
  node.primary = true;
  node.process = Process::Running;
  node.frozen = false;
  node.streams = false;
  node.started = start_instant(id);
  node.control_timeline = 1;
  node.control_lsn = kFresh;
  node.promoted_at.reset();
  remember(node);
}

}  // namespace pgrepl::simulation
