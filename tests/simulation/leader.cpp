#include "simulation/leader.h"

namespace pgrepl::simulation {

namespace {

std::uint32_t timeline_of(const World& world, NodeId id) {
  return world.wal().at(world.node(id).position.branch).timeline;
}

void heal(World& world, NodeId id) {
  Node& node = world.node(id);
  node.manners = {};
  node.frozen = false;
  node.paused = false;
  node.apply_delay = milliseconds{0};
  node.replay_rate = std::uint64_t{1} << 32U;
  world.start(id, milliseconds{0});
  world.listed.insert(id);
  for (ExporterId exporter = 0; exporter < world.exporters(); ++exporter) {
    world.to_exporter(exporter, id) = Link{};
  }
  for (NodeId other = 0; other < world.nodes().size(); ++other) {
    world.between(id, other) = Link{};
  }
}

// Follows the leader, by way of its upstream or at once.
bool reaches(const World& world, NodeId id, NodeId leader) {
  std::size_t hops = 0;
  for (NodeId at = id; at != leader; ++hops) {
    const Node& node = world.node(at);
    if (node.primary || !node.upstream || hops > world.nodes().size()) {
      return false;
    }
    at = *node.upstream;
  }
  return world.wal().contains(world.node(leader).position, world.node(id).received);
}

}  // namespace

std::optional<NodeId> leader_of(const World& world) {
  std::optional<NodeId> leader;
  for (const NodeId id : world.primaries()) {
    if (!leader || timeline_of(world, id) > timeline_of(world, *leader)) {
      leader = id;
    }
  }
  return leader;
}

void make_whole(World& world) {
  for (NodeId id = 0; id < world.nodes().size(); ++id) {
    heal(world, id);
  }
  world.name_service = NameService::Works;
  world.patroni = NameService::Works;
  auto leader = leader_of(world);
  if (!leader) {
    world.promote(0);
    leader = leader_of(world);
  }
  for (NodeId id = 0; leader && id < world.nodes().size(); ++id) {
    if (id == *leader) {
      world.node(id).write_rate = 100'000;
    } else if (!reaches(world, id, *leader)) {
      world.rebuild(id, *leader);
    }
  }
}

}  // namespace pgrepl::simulation
