// I3: pg_up is true. I5: pages end in time, and nothing on them is older than they say.
#include "simulation/invariants.h"

#include <map>

namespace pgrepl::simulation {

namespace {

using std::chrono::seconds;

class UpIsTrue : public Invariant {
 public:
  void on_start(ExporterId exporter) override { since_.erase(exporter); }

  void on_view(const Truth& truth, const View& view) override {
    for (const cluster::Server& server : view.cluster.servers) {
      const auto node = node_of(truth.world, server);
      if (node) {
        check(truth, view, server, *node);
      }
    }
  }

 private:
  void check(const Truth& truth, const View& view, const cluster::Server& server, NodeId node) {
    const milliseconds tick = truth.scenario.tick;
    const bool shared = truth.scenario.observers > 0;
    const Condition& condition = truth.health.of(view.exporter, node);
    // It shows the world of when it was taken; conditions are those of one step later.
    const Instant at = view.picture.taken;
    const bool slow = condition.slow_at && at - *condition.slow_at < std::chrono::seconds{40} &&
                      server.sample.failure &&
                      server.sample.failure->reason == pg::FailureReason::Timeout;
    const bool refused = condition.refused_at && at - *condition.refused_at < tick * 12;
    // What waits for a place logs in every ten ticks only.
    const milliseconds rest = shared ? tick * 14 + truth.scenario.timeout : milliseconds{0};
    const milliseconds back = tick * 3 + milliseconds{400} + rest;
    const milliseconds gone = tick * 2 + milliseconds{300} + rest;
    const std::string& name = server.sample.name;
    if (server.sample.failure && !is_up(server.sample) && !refused && !slow &&
        truth.health.able_for(view.exporter, node, back, at) && asked_since(truth, view, server)) {
      violated(
          "I3",
          at,
          name + " is shown as down, and has been able to answer for long: " +
              server.sample.failure->message
      );
    }
    if (is_up(server.sample) && truth.health.unable_for(view.exporter, node, gone, at)) {
      violated("I3", at, name + " is shown as up, and has not been able to answer for long");
    }
  }

  // A login of a round that failed is tried again by the next round only.
  static bool asked_since(const Truth& truth, const View& view, const cluster::Server& server) {
    const auto node = node_of(truth.world, server);
    const Condition& condition = truth.health.of(view.exporter, *node);
    // A refused password is not tried again for ten ticks.
    const bool was_refused = server.sample.failure->reason == pg::FailureReason::Auth;
    return !server.sample.tick ||
           (view.last_round >
                *condition.able_since + truth.scenario.tick * (was_refused ? 12 : 2) &&
            view.picture.taken > view.last_round + truth.scenario.timeout + milliseconds{300});
  }

  std::map<ExporterId, Instant> since_;
};

class PagesEnd : public Invariant {
 public:
  void on_step(const Truth& truth, const std::vector<const Exporter*>& exporters) override {
    for (const Exporter* exporter : exporters) {
      const auto due = exporter->oldest_due(truth.scenario.timeout);
      if (due && truth.world.now() > *due + kGrace) {
        violated("I5", truth.world.now(), "a page has not ended at its deadline");
      }
    }
  }

 private:
  static constexpr milliseconds kGrace{150};
};

class NothingIsStale : public Invariant {
 public:
  void on_start(ExporterId exporter) override { sent_.erase(exporter); }

  void on_step(const Truth& truth, const std::vector<const Exporter*>& exporters) override {
    for (ExporterId exporter = 0; exporter < exporters.size(); ++exporter) {
      for (NodeId id = 0; id < truth.world.nodes().size(); ++id) {
        slowest_[id] = std::max(slowest_[id], truth.world.node(id).manners.slowness);
        if (truth.health.of(exporter, id).unable_since) {
          stood_[{exporter, id}] = truth.world.now();
        }
      }
    }
  }

  void on_view(const Truth& truth, const View& view) override {
    auto& before = sent_[view.exporter];
    for (const cluster::Server& server : view.cluster.servers) {
      const auto& tick = server.sample.tick;
      if (!tick) {
        before.erase(server.sample.name);
        continue;
      }
      check(truth, view, server, before);
      before[server.sample.name] = tick->sent;
    }
  }

 private:
  void check(
      const Truth& truth,
      const View& view,
      const cluster::Server& server,
      const std::map<std::string, Instant>& before
  ) {
    const cluster::Tick& tick = *server.sample.tick;
    const Instant at = view.picture.taken;
    const auto known = before.find(server.sample.name);
    if (known != before.end() && tick.sent < known->second) {
      violated("I5", at, server.sample.name + ": an older answer replaces a newer one");
    }
    // The reading is dated by the question and the answer it came with.
    const auto node = node_of(truth.world, server);
    const auto stood = node ? stood_.find({view.exporter, *node}) : stood_.end();
    const bool stood_still = stood != stood_.end() && stood->second + kStep >= tick.sent;
    const milliseconds slowest = node ? slowest_[*node] : milliseconds{0};
    if (node && !stood_still && tick.received - tick.sent > slowest + milliseconds{300}) {
      violated("I5", at, server.sample.name + ": a reading is dated by more than its own answer");
    }
    const auto oldest = truth.scenario.tick * 2 + milliseconds{600};
    if (is_up(server.sample) && at - tick.received > oldest) {
      violated("I5", at, server.sample.name + ": an old answer is shown as fresh");
    }
  }

  std::map<ExporterId, std::map<std::string, Instant>> sent_;
  std::map<NodeId, milliseconds> slowest_;  // that it has ever been with everything
  // When an answer last could not come: what waited for it then comes late.
  std::map<std::pair<ExporterId, NodeId>, Instant> stood_;
};

}  // namespace

std::unique_ptr<Invariant> up_is_true() {
  return std::make_unique<UpIsTrue>();
}

std::unique_ptr<Invariant> pages_end() {
  return std::make_unique<PagesEnd>();
}

std::unique_ptr<Invariant> nothing_is_stale() {
  return std::make_unique<NothingIsStale>();
}

}  // namespace pgrepl::simulation
