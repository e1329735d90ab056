// I6: few connections, none left. I8: events are changes. I9: nothing grows.
#include "simulation/invariants.h"

#include <algorithm>
#include <map>

namespace pgrepl::simulation {

namespace {

class ConnectionsAreFew : public Invariant {
 public:
  void on_start(ExporterId exporter) override { started_[exporter] = true; }

  void on_step(const Truth& truth, const std::vector<const Exporter*>& exporters) override {
    const Instant now = truth.world.now();
    for (ExporterId exporter = 0; exporter < exporters.size(); ++exporter) {
      // The one that leaves and the one that comes meet.
      const bool changes =
          now - exporters[exporter]->configured() < truth.scenario.timeout + milliseconds{2500};
      // Of a server that is left to others, each /probe has connections of its own. To be 0 once
      // such readers share a round.
      const std::size_t probes =
          truth.scenario.observers > 0 ? 2 * exporters[exporter]->asking() : 0;
      const std::size_t most = (changes ? 4 : 2) + probes;
      for (NodeId id = 0; id < truth.world.nodes().size(); ++id) {
        if (truth.world.backends_of(id, exporter) > most) {
          violated("I6", now, truth.world.node(id).name + " has more than two connections of ours");
        }
        check_contact(truth, exporter, id);
      }
    }
  }

  void on_end(const Truth& truth) override {
    for (NodeId id = 0; id < truth.world.nodes().size(); ++id) {
      const Node& node = truth.world.node(id);
      if (!node.backends.empty() || !node.locks.empty()) {
        violated("I6", truth.world.now(), node.name + " keeps a connection or a lock of ours");
      }
    }
  }

 private:
  // The back-off: after one to two ticks, on each of two connections; restarts are few.
  void check_contact(const Truth& truth, ExporterId exporter, NodeId id) {
    const Contact& contact = truth.ledger.of(exporter, id);
    const std::string& name = truth.world.node(id).name;
    const auto ticks = static_cast<std::size_t>(std::chrono::minutes{1} / truth.scenario.tick);
    if (contact.logins.size() > 2 * ticks + 30) {
      violated(
          "I6", truth.world.now(), name + " is logged in to more often than the back-off lets"
      );
    }
    const std::size_t lookups = truth.ledger.lookups(exporter);
    if (lookups > 60) {
      violated("I6", truth.world.now(), "names and Patroni are asked without a pause");
    }
    if (contact.statements > 200) {
      violated("I6", truth.world.now(), name + " is sent ever new statements");
    }
  }

  std::map<ExporterId, bool> started_;
};

class EventsAreChanges : public Invariant {
 public:
  void on_step(const Truth& truth, const std::vector<const Exporter*>&) override {
    for (const std::string& line : truth.logged) {
      if (line.find("given up") != std::string::npos) {
        violated(
            "I8", truth.world.now(), "what we gave up ourselves is told as a failure: " + line
        );
      }
    }
  }

  void on_start(ExporterId exporter) override { open_.erase(exporter); }

  void on_view(const Truth&, const View& view) override {
    if (!view.cluster.observed) {
      open_.erase(view.exporter);
      return;
    }
    for (const cluster::LoggedEvent& logged : view.events) {
      take(view, logged.event);
    }
    forget_missing(view);
    for (const cluster::Server& server : view.cluster.servers) {
      if (!server.standby) {
        open_[view.exporter].erase(server.sample.name + "/state");  // it may be a standby anew
      }
    }
  }

 private:
  // A server that is watched no more may come back as a new one.
  void forget_missing(const View& view) {
    std::erase_if(open_[view.exporter], [&](const auto& entry) {
      const std::string server = entry.first.substr(0, entry.first.rfind('/'));
      const bool known = server.empty() || server == "anomaly" ||
                         std::ranges::any_of(view.cluster.servers, [&](const auto& one) {
                           return one.sample.name == server;
                         });
      return !known;
    });
  }

  void take(const View& view, const cluster::Event& event) {
    using enum cluster::EventKind;
    auto& open = open_[view.exporter];
    const std::string name = event.message.substr(0, event.message.find_first_of(": "));
    std::string& last = open[event.server + "/" + subject(event)];
    if (event.kind == AnomalyBegan || event.kind == AnomalyEnded) {
      std::string& state = open["anomaly/" + name];
      const char* next = event.kind == AnomalyBegan ? "began" : "ended";
      if (state == next || (state.empty() && event.kind == AnomalyEnded)) {
        violated("I8", view.picture.taken, "anomaly " + name + " " + next + " twice");
      }
      state = next;
      return;
    }
    if (event.kind == Failover || event.kind == PrimaryChanged) {
      return;
    }
    if (last == std::string{to_string(event.kind)} + event.message) {
      violated(
          "I8", view.picture.taken, "an event comes twice: " + event.server + " " + event.message
      );
    }
    last = std::string{to_string(event.kind)} + event.message;
  }

  static std::string subject(const cluster::Event& event) {
    using enum cluster::EventKind;
    return event.kind == StandbyState ? "state" : "answers";
  }

  std::map<ExporterId, std::map<std::string, std::string>> open_;
};

class NothingGrows : public Invariant {
 public:
  void on_step(const Truth& truth, const std::vector<const Exporter*>& exporters) override {
    const std::size_t servers = truth.world.nodes().size() + 2;
    const std::size_t most = exporters.size() * (servers * 24 + 40);
    if (truth.clock.timers() > most) {
      violated(
          "I9", truth.world.now(), "there are " + std::to_string(truth.clock.timers()) + " timers"
      );
    }
    if (truth.ledger.sessions > exporters.size() * servers * 8) {
      violated(
          "I9",
          truth.world.now(),
          "there are " + std::to_string(truth.ledger.sessions) + " sessions"
      );
    }
  }

  void on_end(const Truth& truth) override {
    if (truth.ledger.sessions != 0) {
      violated("I9", truth.world.now(), "sessions are left after the end");
    }
  }
};

}  // namespace

std::unique_ptr<Invariant> connections_are_few() {
  return std::make_unique<ConnectionsAreFew>();
}

std::unique_ptr<Invariant> events_are_changes() {
  return std::make_unique<EventsAreChanges>();
}

std::unique_ptr<Invariant> nothing_grows() {
  return std::make_unique<NothingGrows>();
}

}  // namespace pgrepl::simulation
