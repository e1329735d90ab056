#include "simulation/world.h"

#include <algorithm>

namespace pgrepl::simulation {

namespace {

constexpr std::uint64_t kFirstLsn = std::uint64_t{3} << 24U;
constexpr std::uint64_t kSegment = std::uint64_t{16} << 20U;
// wal_sender_timeout, wal_receiver_timeout: how long a dead link goes on to look alive.
constexpr std::chrono::seconds kStreamTimeout{60};
constexpr std::chrono::seconds kCheckpoint{60};
constexpr std::chrono::minutes kPast{5};

}  // namespace

NodeId World::add(Node node) {
  if (node.primary) {
    node.position = {wal_.begin(++last_identifier_, kFirstLsn, now_), kFirstLsn};
  }
  // Two servers never start at one instant: it is told from another by that.
  node.started = now_ - std::chrono::hours{5} - std::chrono::seconds{17} * nodes_.size();
  nodes_.push_back(std::move(node));
  const NodeId id = nodes_.size() - 1;
  listed.insert(id);
  if (!nodes_.back().primary) {
    const Instant started = nodes_.back().started;
    rebuild(id, nodes_.back().upstream.value_or(0));
    nodes_.back().started = started;
  }
  remember(nodes_.back());
  return id;
}

void World::step(Instant now) {
  now_ = now;
  std::vector<char> done(nodes_.size(), 0);
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    visit(id, done);
  }
}

// Upstreams first, so that WAL passes through a cascade in one step.
void World::visit(NodeId id, std::vector<char>& done) {
  if (done[id] != 0) {
    return;
  }
  done[id] = 1;
  Node& node = nodes_[id];
  if (!node.primary && node.upstream) {
    visit(*node.upstream, done);
  }
  if (node.process == Process::StartingUp && now_ >= node.ready_at) {
    node.process = Process::Running;
  }
  if (node.primary) {
    write(node);
  } else {
    receive(id);
    replay(node);
  }
  if (node.runs() && now_ - node.checkpoint_at > kCheckpoint) {
    node.checkpoint_at = now_;
    node.control_timeline = wal_.at(node.position.branch).timeline;
    node.control_lsn = node.position.lsn;
  }
  remember(node);
}

void World::write(Node& node) {
  if (!node.runs() || node.write_rate == 0) {
    return;
  }
  const std::uint64_t share = node.write_rate * kStep.count() / 1000;
  const std::uint64_t bytes = share / 2 + random_.below(share + 1);
  if (bytes > 0) {
    node.position.lsn += bytes;
    wal_.append(node.position.branch, node.position.lsn, now_);
  }
}

bool World::can_stream(NodeId id) {
  const Node& node = nodes_[id];
  if (!node.upstream || !node.runs()) {
    return false;
  }
  const Node& upstream = nodes_[*node.upstream];
  const Position end = upstream.primary ? upstream.position : upstream.received;
  return upstream.runs() && between(id, *node.upstream).carries_answers() &&
         wal_.contains(end, node.received);
}

void World::stop_streaming(Node& node) {
  node.streams = false;
}

void World::receive(NodeId id) {
  Node& node = nodes_[id];
  if (node.process != Process::Running || !node.upstream) {
    stop_streaming(node);
    return;
  }
  const Node& upstream = nodes_[*node.upstream];
  if (!can_stream(id)) {
    const bool ended = upstream.process != Process::Running ||
                       between(id, *node.upstream).flow == Flow::Refused ||
                       now_ - node.heard_at > kStreamTimeout;
    if (ended) {
      stop_streaming(node);
    }
    if (!node.streams) {
      read_archive(node);
    }
    return;
  }
  if (!node.streams) {
    node.streams = true;
    node.sender_pid = ++last_pid_;
  }
  const Position end = upstream.primary ? upstream.position : upstream.received;
  node.heard_at = now_;
  node.received = {wal_.branch_at(end, end.lsn), end.lsn};
  node.reported = node.position;
  node.reported_received = node.received;
}

// Whole segments only, of whatever the first primary that ever was has archived.
void World::read_archive(Node& node) {
  if (!node.archive_fed || !node.runs()) {
    return;
  }
  for (const Node& source : nodes_) {
    const Position archived{source.position.branch, source.position.lsn / kSegment * kSegment};
    if (source.primary && archived.lsn > node.received.lsn &&
        wal_.contains(source.position, node.received)) {
      node.received = {wal_.branch_at(source.position, archived.lsn), archived.lsn};
    }
  }
}

void World::replay(Node& node) {
  if (!node.runs() || node.paused) {
    return;
  }
  std::uint64_t target = node.received.lsn;
  if (node.apply_delay.count() > 0) {
    target = std::min(target, wal_.lsn_at(node.received, now_ - node.apply_delay));
  }
  const std::uint64_t most = std::max<std::uint64_t>(1, node.replay_rate * kStep.count() / 1000);
  const std::uint64_t reached = std::min(target, node.position.lsn + most);
  if (reached > node.position.lsn || node.position.branch != node.received.branch) {
    node.position.lsn = std::max(reached, node.position.lsn);
    node.position.branch = wal_.branch_at(node.received, node.position.lsn);
  }
  if (node.streams && can_stream(static_cast<NodeId>(&node - nodes_.data()))) {
    node.reported = node.position;
  }
}

void World::remember(Node& node) {
  const bool same = !node.past.empty() && node.past.back().position == node.position &&
                    node.past.back().primary == node.primary;
  if (!same) {
    node.past.push_back({now_, node.position, node.primary});
  }
  while (node.past.size() > 2 && now_ - node.past[1].at > kPast) {
    node.past.pop_front();
  }
}

Node::Past World::past(NodeId id, Instant at) const {
  const auto& past = nodes_.at(id).past;
  const auto later = std::ranges::upper_bound(past, at, {}, &Node::Past::at);
  return later == past.begin() ? past.front() : *std::prev(later);
}

std::optional<NodeId> World::find_name(const std::string& name) const {
  const auto found = std::ranges::find(nodes_, name, &Node::name);
  return found == nodes_.end() ? std::nullopt
                               : std::optional{static_cast<NodeId>(found - nodes_.begin())};
}

std::optional<NodeId> World::find(const std::string& host, std::uint16_t port) const {
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id].port == port && (nodes_[id].address == host || nodes_[id].name == host)) {
      return id;
    }
  }
  return std::nullopt;
}

std::vector<NodeId> World::primaries() const {
  std::vector<NodeId> found;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id].primary && nodes_[id].process == Process::Running) {
      found.push_back(id);
    }
  }
  return found;
}

std::uint64_t World::open_backend(NodeId id, ExporterId exporter) {
  nodes_.at(id).backends.push_back({++last_backend_, exporter});
  return last_backend_;
}

void World::close_backend(NodeId id, std::uint64_t backend) {
  Node& node = nodes_.at(id);
  std::erase_if(node.backends, [backend](const Backend& one) { return one.id == backend; });
  std::erase_if(node.locks, [backend](const auto& lock) { return lock.second == backend; });
}

std::size_t World::backends_of(NodeId id, ExporterId exporter) const {
  return static_cast<std::size_t>(
      std::ranges::count(nodes_.at(id).backends, exporter, &Backend::exporter)
  );
}

}  // namespace pgrepl::simulation
