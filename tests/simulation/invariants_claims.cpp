// I4: promotions are counted once each, and nothing is claimed that is not.
#include "simulation/invariants.h"

#include <algorithm>
#include <map>

namespace pgrepl::simulation {

namespace {

// The model calls a server diverged by a timeline that is late: one that it remembers of a silent
// server, or that of the control file of one without a receiver. True once those prove nothing.
constexpr bool kLateTimelinesProveNothing = true;

// An exporter that waits for its place at one server, and cannot reach the others, takes the
// cluster for observed while it asks for the place. True once it waits for the answer.
constexpr bool kUndecidedServersAreWaitedFor = false;

bool claims(const cluster::Cluster& cluster, cluster::Anomaly anomaly) {
  return std::ranges::find(cluster.anomalies, anomaly, &cluster::AnomalyFinding::anomaly) !=
         cluster.anomalies.end();
}

class FailoversAreCounted : public Invariant {
 public:
  void on_start(ExporterId exporter) override { known_.erase(exporter); }

  void on_view(const Truth& truth, const View& view) override {
    if (!view.cluster.observed) {
      known_.erase(view.exporter);
      return;
    }
    const bool first = !known_.contains(view.exporter);
    Known& known = known_[view.exporter];
    if (first) {
      known.since = view.picture.taken;
    }
    const auto& all = truth.world.promotions;
    // One that happened just before it was first seen may count as well.
    const auto possible =
        static_cast<std::uint64_t>(std::ranges::count_if(all, [&](const Promotion& one) {
          return one.at > known.since - std::chrono::seconds{20};
        }));
    if (view.cluster.failovers > possible) {
      violated("I4", view.picture.taken, "more failovers are counted than there were promotions");
    }
    check_last(truth, view, known);
    if (view.cluster.primary) {
      const auto node = node_of(truth.world, view.cluster.servers[*view.cluster.primary]);
      known.primary = node;
      known.primary_seen = view.picture.taken;
    }
    known.failovers = view.cluster.failovers;
  }

 private:
  struct Known {
    Instant since{};
    std::optional<NodeId> primary{};
    Instant primary_seen{};
    std::uint64_t failovers = 0;
    std::size_t told = 0;  // promotions that were judged
    std::optional<Promotion> expected{};
    std::uint64_t before = 0;  // that promotion
  };

  // A promotion that could be seen for long must have been counted.
  void check_last(const Truth& truth, const View& view, Known& known) {
    const auto& all = truth.world.promotions;
    if (all.size() > known.told) {
      known.told = all.size();
      // Seen from one primary to the next without a gap.
      const Promotion& last = all.back();
      const bool was_known = known.primary && *known.primary != last.node &&
                             last.at - known.primary_seen < std::chrono::seconds{5};
      known.expected = was_known ? std::optional{last} : std::nullopt;
      known.before = known.failovers;
    }
    const Instant at = view.picture.taken;
    const auto visible = truth.scenario.tick * 5;
    if (!known.expected || at - known.expected->at <= visible) {
      return;
    }
    const NodeId next = known.expected->node;
    const bool is_shown = std::ranges::any_of(view.cluster.servers, [&](const auto& server) {
      return node_of(truth.world, server) == next;
    });
    const bool judged = is_shown && view.configured < known.expected->at &&
                        truth.world.node(next).primary &&
                        truth.health.able_for(view.exporter, next, visible, at);
    known.expected.reset();
    if (judged && view.cluster.failovers == known.before) {
      violated("I4", at, "a promotion that could be seen is not counted");
    }
  }

  std::map<ExporterId, Known> known_;
};

class ClaimsAreTrue : public Invariant {
 public:
  void on_step(const Truth& truth, const std::vector<const Exporter*>&) override {
    if (truth.world.primaries().size() > 1) {
      two_primaries_at_ = truth.world.now();
    }
    note_leader(truth.world);
    for (NodeId id = 0; id < truth.world.nodes().size(); ++id) {
      const Node& node = truth.world.node(id);
      if (leader_ && !truth.world.wal().contains(*leader_, node.position)) {
        apart_at_[id] = truth.world.now();
      }
    }
  }

  void on_view(const Truth& truth, const View& view) override {
    if (!view.cluster.observed) {
      return;
    }
    const Instant at = view.picture.taken;
    const auto recent = truth.scenario.tick * 4;
    if (claims(view.cluster, cluster::Anomaly::SplitBrain) &&
        (!two_primaries_at_ || at - *two_primaries_at_ > recent)) {
      violated("I4", at, "a split brain is claimed, and there was only one primary");
    }
    check_primary(truth, view);
    for (const cluster::Server& server : view.cluster.servers) {
      const auto node = node_of(truth.world, server);
      const bool tells = is_up(server.sample) && server.sample.tick &&
                         server.sample.tick->reading.receiver.has_value();
      const bool judged = kLateTimelinesProveNothing || tells;
      const bool called_apart =
          server.standby && (server.standby->state == cluster::StandbyState::Diverged ||
                             server.standby->state == cluster::StandbyState::Ahead);
      if (judged && node && called_apart &&
          (!apart_at_.contains(*node) || at - apart_at_[*node] > recent)) {
        const std::string state{to_string(server.standby->state)};
        violated("I4", at, server.sample.name + " is called " + state + ", and is not");
      }
    }
  }

 private:
  // Without a primary, that of before is what others are apart from.
  void note_leader(const World& world) {
    const auto all = world.primaries();
    if (all.size() == 1) {
      leader_ = world.node(all.front()).position;
    }
  }

  void check_primary(const Truth& truth, const View& view) {
    if (!claims(view.cluster, cluster::Anomaly::NoPrimary)) {
      return;
    }
    const auto visible = truth.scenario.tick * 5 + truth.scenario.timeout;
    for (const cluster::Server& server : view.cluster.servers) {
      const auto node = node_of(truth.world, server);
      const bool refused = node && truth.health.of(view.exporter, *node).refused_at &&
                           view.picture.taken - *truth.health.of(view.exporter, *node).refused_at <
                               truth.scenario.tick * 12;
      const bool decided = server.sample.tick || server.sample.failure;
      const bool judged = kUndecidedServersAreWaitedFor || decided;
      if (judged && node && !refused && truth.world.node(*node).primary &&
          truth.health.able_for(view.exporter, *node, visible, view.picture.taken) &&
          truth.world.past(*node, view.picture.taken - visible).primary &&
          view.picture.taken - view.configured > visible) {
        violated(
            "I4", view.picture.taken, "no primary is claimed, and " + server.sample.name + " is one"
        );
      }
    }
  }

  std::optional<Position> leader_;
  std::optional<Instant> two_primaries_at_;
  std::map<NodeId, Instant> apart_at_;
};

}  // namespace

std::unique_ptr<Invariant> failovers_are_counted() {
  return std::make_unique<FailoversAreCounted>();
}

std::unique_ptr<Invariant> claims_are_true() {
  return std::make_unique<ClaimsAreTrue>();
}

}  // namespace pgrepl::simulation
