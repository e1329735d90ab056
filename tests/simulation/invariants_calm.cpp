// I7: after the faults the picture is the world. I10: somebody observes.
#include "simulation/invariants.h"
#include "simulation/leader.h"

#include <algorithm>
#include <map>
#include <set>

namespace pgrepl::simulation {

namespace {

class PictureIsTheWorld : public Invariant {
 public:
  void on_calm(const Truth& truth, const std::vector<View>& views) override {
    bool observed = false;
    for (const View& view : views) {
      if (view.cluster.observed) {
        observed = true;
        check(truth, view);
      }
    }
    if (!observed) {
      violated("I7", truth.world.now(), "nobody observes the cluster");
    }
  }

 private:
  void check(const Truth& truth, const View& view) {
    const Instant at = view.picture.taken;
    const auto leader = leader_of(truth.world);
    if (truth.world.now() - at > truth.scenario.tick * 2) {
      violated("I7", at, "the picture is not made anew");
    }
    const auto shown = view.cluster.primary
                           ? node_of(truth.world, view.cluster.servers[*view.cluster.primary])
                           : std::nullopt;
    if (shown != leader) {
      violated("I7", at, "the primary that is shown is not the primary");
    }
    for (const cluster::AnomalyFinding& finding : view.cluster.anomalies) {
      violated(
          "I7",
          at,
          "still claimed: " + std::string{to_string(finding.anomaly)} + ": " + finding.evidence
      );
    }
    check_servers(truth, view);
  }

  void check_servers(const Truth& truth, const View& view) {
    const Instant at = view.picture.taken;
    std::size_t known = 0;
    for (const cluster::Server& server : view.cluster.servers) {
      const auto node = node_of(truth.world, server);
      if (!node) {
        continue;  // a server that somebody lied about, until it is forgotten
      }
      ++known;
      if (!is_up(server.sample)) {
        violated("I7", at, server.sample.name + " is still shown as down");
      } else if (server.standby.has_value() == truth.world.node(*node).primary) {
        violated("I7", at, server.sample.name + " is shown in the wrong role");
      } else if (server.standby && server.standby->state != cluster::StandbyState::Streaming) {
        violated(
            "I7",
            at,
            server.sample.name + " is still shown as " +
                std::string{to_string(server.standby->state)}
        );
      } else if (server.standby && !server.standby->lag.time) {
        violated("I7", at, server.sample.name + " has no lag");
      }
    }
    const bool all = view.configured == view.started;
    if (all && known != truth.world.nodes().size()) {
      violated("I7", at, "not every server is shown");
    }
  }
};

class SomebodyObserves : public Invariant {
 public:
  void on_view(const Truth& truth, const View& view) override {
    shown_[view.exporter].clear();
    for (const cluster::Server& server : view.cluster.servers) {
      if (const auto node = node_of(truth.world, server)) {
        shown_[view.exporter].insert(*node);
      }
    }
  }

  void on_step(const Truth& truth, const std::vector<const Exporter*>& exporters) override {
    if (truth.scenario.observers == 0 || exporters.size() < 2) {
      return;
    }
    for (NodeId id = 0; id < truth.world.nodes().size(); ++id) {
      check_not_too_many(truth, id, exporters.size());
    }
  }

 private:
  // An observer is who holds one of the places that are numbered below `observers`.
  void check_not_too_many(const Truth& truth, NodeId id, std::size_t exporters) {
    const Node& node = truth.world.node(id);
    std::map<ExporterId, bool> observers;
    for (const Backend& backend : node.backends) {
      const bool has_place = std::ranges::any_of(node.locks, [&](const auto& lock) {
        return lock.second == backend.id && lock.first.second < truth.scenario.observers;
      });
      observers[backend.exporter] = observers[backend.exporter] || has_place;
    }
    const auto reads = std::ranges::count_if(observers, [](const auto& one) { return one.second; });
    if (static_cast<int>(reads) > truth.scenario.observers) {
      violated("I10", truth.world.now(), node.name + " has too many observers");
    }
    check_anybody(truth, id, exporters, reads > 0);
  }

  void check_anybody(const Truth& truth, NodeId id, std::size_t exporters, bool anybody) {
    const Instant now = truth.world.now();
    bool able = true;
    for (ExporterId exporter = 0; exporter < exporters; ++exporter) {
      able = able && shown_[exporter].contains(id);
      able = able && truth.health.able_for(exporter, id, truth.scenario.tick * 14, now);
    }
    if (anybody || !able) {
      last_[id] = now;
    }
    if (last_.contains(id) && now - last_[id] > truth.scenario.tick * 14) {
      violated("I10", now, truth.world.node(id).name + " has no observer");
    }
  }

  std::map<NodeId, Instant> last_;
  std::map<ExporterId, std::set<NodeId>> shown_;
};

}  // namespace

std::unique_ptr<Invariant> picture_is_the_world() {
  return std::make_unique<PictureIsTheWorld>();
}

std::unique_ptr<Invariant> somebody_observes() {
  return std::make_unique<SomebodyObserves>();
}

std::vector<std::unique_ptr<Invariant>> all_invariants() {
  std::vector<std::unique_ptr<Invariant>> all;
  all.push_back(lag_is_true());
  all.push_back(lag_is_kept());
  all.push_back(up_is_true());
  all.push_back(failovers_are_counted());
  all.push_back(claims_are_true());
  all.push_back(pages_end());
  all.push_back(nothing_is_stale());
  all.push_back(connections_are_few());
  all.push_back(picture_is_the_world());
  all.push_back(events_are_changes());
  all.push_back(nothing_grows());
  all.push_back(somebody_observes());
  return all;
}

std::optional<NodeId> node_of(const World& world, const cluster::Server& server) {
  return world.find(server.sample.endpoint.host, server.sample.endpoint.port);
}

}  // namespace pgrepl::simulation
