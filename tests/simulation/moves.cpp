// Each move as the world and the stage carry it out, and as people read it.
#include "simulation/stage.h"

#include <array>

namespace pgrepl::simulation {

namespace {

constexpr std::array kNames{
    "writes at bytes/s",
    "replays at bytes/s",
    "pauses replay",
    "resumes replay",
    "applies with a delay of ms",
    "crashes",
    "is started, ready after ms",
    "freezes",
    "thaws",
    "becomes primary in a switchover",
    "becomes primary; the one before has crashed",
    "is promoted beside the primary",
    "is rebuilt from the primary",
    "follows another upstream",
    "loses its stream (1 refused, 2 black hole)",
    "gets its stream back",
    "is cut off from the exporter (1 refused, 2 black hole, 3 answers lost)",
    "is within reach of the exporter again",
    "has a latency in ms towards the exporter of",
    "answers slowly, ms:",
    "has a slow query, ms:",
    "refuses the password (1) or not (0)",
    "has no connection left (1) or has (0)",
    "cuts answers after (-1: no more)",
    "ends all connections",
    "exporter is restarted",
    "exporter is killed and started anew",
    "exporter reloads another list",
    "is asked for a page, patience ms:",
    "is asked for one server on /probe, patience ms:",
    "name service: 0 works, 1 fails, 2 hangs, 3 lies, 4 is empty, 5 throws:",
    "Patroni: 0 works, 1 fails, 2 hangs, 3 lies, 4 is empty, 5 throws:",
    "is listed again",
    "is listed no more",
};

bool is_of_exporter(Kind kind) {
  return kind == Kind::RestartExporter || kind == Kind::KillExporter || kind == Kind::Reload ||
         kind == Kind::Scrape || kind == Kind::Probe;
}

std::optional<NodeId> running_primary(const World& world) {
  for (const NodeId id : world.primaries()) {
    if (!world.node(id).frozen) {
      return id;
    }
  }
  return std::nullopt;
}

void fail_over(World& world, NodeId next) {
  const auto before = running_primary(world);
  if (!before || *before == next || !world.node(next).runs() ||
      !world.wal().contains(world.node(*before).position, world.node(next).received)) {
    return;
  }
  world.crash(*before);
  world.promote(next);
  for (NodeId id = 0; id < world.nodes().size(); ++id) {
    if (id != next && world.node(id).upstream == *before) {
      world.repoint(id, next);
    }
  }
  // The old one stays down until it is rebuilt: started alone it would be a second primary.
  world.rebuild_later(*before);
}

}  // namespace

std::string to_string(const Move& move) {
  const std::string who = is_of_exporter(move.kind) ? "exporter " + std::to_string(move.node)
                                                    : "pg-" + std::to_string(move.node + 1);
  std::string text = who + "  " + kNames.at(static_cast<std::size_t>(move.kind));
  if (move.kind == Kind::CutUs || move.kind == Kind::HealUs || move.kind == Kind::CutStream ||
      move.kind == Kind::HealStream || move.kind == Kind::Latency || move.kind == Kind::Repoint) {
    text += " [other " + std::to_string(move.other) + "]";
  }
  text += " " + std::to_string(move.amount);
  return move.text.empty() ? text : text + " " + move.text;
}

void Stage::perform_on_server(const Move& move) {
  Node& node = world_.node(move.node);
  switch (move.kind) {
    case Kind::WriteRate:
      for (const NodeId id : world_.primaries()) {
        world_.node(id).write_rate = static_cast<std::uint64_t>(move.amount);
      }
      break;
    case Kind::ReplayRate:
      node.replay_rate = static_cast<std::uint64_t>(move.amount);
      break;
    case Kind::Pause:
      node.paused = !node.primary;
      break;
    case Kind::Resume:
      node.paused = false;
      break;
    case Kind::Delay:
      node.apply_delay = milliseconds{move.amount};
      break;
    case Kind::Crash:
      world_.crash(move.node);
      break;
    case Kind::Start:
      world_.start(move.node, milliseconds{move.amount});
      break;
    case Kind::Freeze:
      node.frozen = node.process == Process::Running;
      break;
    case Kind::Thaw:
      node.frozen = false;
      break;
    case Kind::EndBackends:
      world_.end_backends(move.node);
      break;
    default:
      perform_on_manners(move, node.manners);
  }
}

void Stage::perform_on_manners(const Move& move, Manners& manners) {
  switch (move.kind) {
    case Kind::Slow:
      manners.slowness = milliseconds{move.amount};
      break;
    case Kind::SlowQuery:
      manners.slow_query = move.text;
      manners.slow_query_for = milliseconds{move.amount};
      break;
    case Kind::RefusePassword:
      manners.refuses_password = move.amount != 0;
      break;
    case Kind::Full:
      manners.is_full = move.amount != 0;
      break;
    case Kind::CutAnswers:
      manners.cuts_after =
          move.amount < 0 ? std::nullopt : std::optional{static_cast<std::size_t>(move.amount)};
      break;
    default:
      perform_on_cluster(move);
  }
}

void Stage::perform_on_cluster(const Move& move) {
  const auto primary = running_primary(world_);
  switch (move.kind) {
    case Kind::SwitchOver:
      world_.switch_over(move.node);
      break;
    case Kind::FailOver:
      fail_over(world_, move.node);
      break;
    case Kind::StrayPromotion:
      world_.promote(move.node);
      break;
    case Kind::Rebuild:
      if (primary) {
        world_.rebuild(move.node, *primary);
      }
      break;
    case Kind::Repoint:
      world_.repoint(move.node, move.other);
      break;
    case Kind::CutStream:
      world_.between(move.node, world_.node(move.node).upstream.value_or(0)).flow =
          static_cast<Flow>(move.amount);
      break;
    case Kind::HealStream:
      world_.between(move.node, world_.node(move.node).upstream.value_or(0)) = Link{};
      break;
    default:
      perform_on_names(move);
  }
}

void Stage::perform_on_names(const Move& move) {
  Link& link = world_.to_exporter(move.other, move.node);
  switch (move.kind) {
    case Kind::CutUs:
      link.flow = move.amount == 3 ? Flow::Open : static_cast<Flow>(move.amount);
      link.answers_lost = move.amount == 3;
      if (link.flow == Flow::Refused) {
        world_.end_backends_of(move.node, move.other);
      }
      break;
    case Kind::HealUs:
      link = Link{};
      break;
    case Kind::Latency:
      link.latency = milliseconds{move.amount};
      break;
    case Kind::NameService:
      world_.name_service = static_cast<NameService>(move.amount);
      break;
    case Kind::Patroni:
      world_.patroni = static_cast<NameService>(move.amount);
      break;
    case Kind::List:
      world_.listed.insert(move.node);
      break;
    case Kind::Unlist:
      world_.listed.erase(move.node);
      break;
    default:
      break;
  }
}

void Stage::perform(const Move& move) {
  film_.note(world_.now(), "move", to_string(move));
  switch (move.kind) {
    case Kind::RestartExporter:
      restart(move.node, /*kill=*/false);
      break;
    case Kind::KillExporter:
      restart(move.node, /*kill=*/true);
      break;
    case Kind::Reload:
      reload(static_cast<std::uint64_t>(move.amount));
      break;
    case Kind::Scrape:
      if (seats_.at(move.node).exporter) {
        seats_.at(move.node).exporter->scrape(milliseconds{move.amount});
      }
      break;
    case Kind::Probe: {
      const Node& target = world_.node(move.other);
      const pg::Endpoint endpoint{target.address, target.port};
      seats_.at(move.node).exporter->probe(to_string(endpoint), milliseconds{move.amount});
      break;
    }
    default:
      perform_on_server(move);
  }
}

}  // namespace pgrepl::simulation
