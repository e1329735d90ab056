// I1: the lag that is shown is true. I2: a lag that was known is not lost without a reason.
#include "simulation/invariants.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

namespace pgrepl::simulation {

namespace {

// The world moves in steps, and a sender knows of its standby one step late.
constexpr Seconds kTolerance{0.12};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

// The model says "at least" without leaving out the uncertainty when the primary is silent and the
// standby has passed all that it was seen to write. True once the model is mended.
constexpr bool kStandbyViewIsBounded = false;

// What a sender knows of its standby is dated by when the sender was asked, not by when it last
// heard of it. True once the model reads reply_time.
constexpr bool kSenderRowsAreDated = false;

// The model takes for the switch point of a timeline where its primary was first seen, and keeps
// what the old one wrote up to there. True once it knows the real one.
constexpr bool kSwitchPointIsKnown = true;

// While the primary is not watched, the history is fed from what a standby was told, and taken for
// the primary's own when that is watched again. True once such points are bounds.
constexpr bool kToldPositionsAreBounds = false;

// A point of the history is kept without how exactly its time is known: only the error of the last
// reading is told. True once each point has its own.
constexpr bool kHistoryKnowsItsErrors = false;

// From where to where the value may be about, and whether it ages from then to when it is shown.
struct Window {
  Instant from;
  Instant to;
  bool ages = false;
};

const cluster::Server* server_named(const cluster::Cluster& cluster, const std::string& name) {
  const auto found = std::ranges::find_if(cluster.servers, [&](const cluster::Server& server) {
    return server.sample.name == name;
  });
  return found == cluster.servers.end() ? nullptr : &*found;
}

// Of a value of its own last word; absent where that says nothing about when.
std::optional<Window> window_of(const View& view, const cluster::Server& server) {
  using enum cluster::LagBasis;
  const cluster::ReplicationLag& lag = server.standby->lag;
  if (lag.basis == UpstreamView && server.standby->upstream) {
    const auto* upstream = server_named(view.cluster, server.standby->upstream->server);
    if (upstream != nullptr && upstream->sample.tick) {
      return Window{upstream->sample.tick->sent, view.picture.taken, true};
    }
    return std::nullopt;
  }
  if (lag.basis == LastKnown || lag.basis == UpstreamView || lag.basis == Unknown) {
    return std::nullopt;
  }
  if (!cluster::is_current(server.sample)) {
    return std::nullopt;
  }
  return Window{server.sample.tick->sent, server.sample.tick->received};
}

// Where the line of the primary ended that the exporter measures against.
std::optional<Position> end_of_line(const World& world, NodeId primary, Instant at) {
  const auto& past = world.node(primary).past;
  std::optional<Position> end;
  for (const Node::Past& then : past) {
    if (then.at <= at && then.primary) {
      end = then.position;
    }
  }
  return end;
}

// What the model does not know yet.
struct Doubt {
  std::uint64_t first_seen = 0;  // where the timeline was seen first
  Instant watched_since{};       // the primary, without a gap
  Seconds reading{};             // how inexactly a point of the history may be known
};

bool fits(
    const World& world,
    NodeId primary,
    NodeId standby,
    const cluster::ReplicationLag& lag,
    const Window& window,
    const Doubt& doubt,
    std::string& why
) {
  for (Instant at = window.from;; at = std::min(window.to, at + kStep)) {
    const auto end = end_of_line(world, primary, at);
    const Node::Past shown = world.past(standby, at);
    if (!end || shown.primary || !world.wal().contains(*end, shown.position)) {
      return true;  // nothing to compare with
    }
    const Branch& branch = world.wal().at(end->branch);
    const bool near_the_switch = branch.parent && shown.position.lsn >= branch.start &&
                                 shown.position.lsn <= doubt.first_seen;
    if (!kSwitchPointIsKnown && near_the_switch) {
      return true;
    }
    const double truth = world.wal().lag(*end, shown.position, at).count();
    if (!kToldPositionsAreBounds && at - Seconds{truth} < doubt.watched_since) {
      return true;
    }
    const double aged = window.ages ? Seconds{window.to - at}.count() : 0;
    const double value = std::max(0.0, lag.time->count() - aged);
    const double own = lag.uncertainty ? lag.uncertainty->count() : 0;
    const double margin = own + doubt.reading.count();
    const bool judged = kStandbyViewIsBounded || lag.basis != cluster::LagBasis::StandbyView;
    const bool below = !judged || value - margin <= truth + kTolerance.count();
    const bool above = !lag.uncertainty || value + margin >= truth - kTolerance.count();
    if (below && above) {
      return true;
    }
    why = "shows " + number(lag.time->count()) +
          (lag.uncertainty ? " ± " + number(own) : std::string{" at least"}) + ", truth " +
          number(truth) + " at " + time_text(at) + ", read from " + time_text(window.from);
    if (at >= window.to) {
      return false;
    }
  }
}

class LagIsTrue : public Invariant {
 public:
  void on_start(ExporterId exporter) override {
    primaries_.erase(exporter);
    first_seen_.erase(exporter);
  }

  void on_step(const Truth& truth, const std::vector<const Exporter*>&) override {
    for (const Node& node : truth.world.nodes()) {
      if (node.primary) {
        slowest_ = std::max(slowest_, Seconds{node.manners.slowness} / 2);
      }
    }
  }

  void on_view(const Truth& truth, const View& view) override {
    if (!view.cluster.observed) {
      primaries_.erase(view.exporter);
      return;
    }
    if (view.cluster.primary) {
      const auto node = node_of(truth.world, view.cluster.servers[*view.cluster.primary]);
      if (node) {
        primaries_[view.exporter] = *node;
        const Position end = truth.world.past(*node, view.picture.taken).position;
        first_seen_[view.exporter].emplace(end.branch, end.lsn);
      }
    }
    const auto primary = primaries_.find(view.exporter);
    if (primary == primaries_.end() || !is_shown(truth.world, view, primary->second)) {
      watched_since_[view.exporter] = view.picture.taken;
      return;  // the topmost server in sight is not the primary, and what is beyond is unknown
    }
    for (const cluster::Server& server : view.cluster.servers) {
      const auto node = node_of(truth.world, server);
      if (!server.standby || !server.standby->lag.time || !node || *node == primary->second) {
        continue;
      }
      const auto window = window_of(view, server);
      const bool stale_row = server.standby->lag.basis == cluster::LagBasis::UpstreamView &&
                             view.picture.taken - truth.world.node(*node).heard_at > 4 * kStep;
      if (stale_row && !kSenderRowsAreDated) {
        continue;
      }
      std::string why;
      const Doubt doubt = doubt_of(truth.world, view.exporter, primary->second, view.picture.taken);
      if (window &&
          !fits(truth.world, primary->second, *node, server.standby->lag, *window, doubt, why)) {
        violated(
            "I1",
            view.picture.taken,
            server.sample.name + " " + why + " (" +
                std::string{to_string(server.standby->lag.basis)} + ")"
        );
      }
    }
  }

 private:
  static bool is_shown(const World& world, const View& view, NodeId id) {
    return std::ranges::any_of(view.cluster.servers, [&](const cluster::Server& server) {
      return node_of(world, server) == id;
    });
  }

  Doubt doubt_of(const World& world, ExporterId exporter, NodeId primary, Instant at) {
    const BranchId branch = world.past(primary, at).position.branch;
    const auto& seen = first_seen_[exporter];
    const auto found = seen.find(branch);
    return {
        .first_seen = found == seen.end() ? UINT64_MAX : found->second,
        .watched_since = watched_since_[exporter],
        .reading = kHistoryKnowsItsErrors ? Seconds{} : slowest_};
  }

  std::map<ExporterId, Instant> watched_since_;
  Seconds slowest_{};  // half of the longest answer of a primary
  std::map<ExporterId, std::map<BranchId, std::uint64_t>> first_seen_;
  std::map<ExporterId, NodeId> primaries_;  // that each exporter measures against
};

class LagIsKept : public Invariant {
 public:
  void on_start(ExporterId exporter) override { forget(exporter); }

  void on_view(const Truth&, const View& view) override {
    if (!view.cluster.observed) {
      forget(view.exporter);
      return;
    }
    if (view.cluster.primary) {
      seen_primary_.insert(view.exporter);
    }
    std::map<std::string, bool> now;
    for (const cluster::Server& server : view.cluster.servers) {
      const bool had = had_[view.exporter][server.sample.name];
      const bool has = server.standby && server.standby->lag.time.has_value();
      // An exporter that has not seen the primary since it began has nothing to compare with.
      const bool excused =
          !seen_primary_.contains(view.exporter) || !server.standby ||
          server.standby->state == cluster::StandbyState::Diverged ||
          server.standby->state == cluster::StandbyState::Ahead ||
          server.standby->state == cluster::StandbyState::Foreign ||
          (!view.cluster.primary && view.cluster.primaries > 1 && !view.cluster.anomalies.empty());
      if (had && !has && !excused) {
        violated(
            "I2",
            view.picture.taken,
            server.sample.name + " has lost its lag, and is " +
                std::string{to_string(server.standby->state)}
        );
      }
      // A primary that comes back as a standby has no lag to keep yet.
      now[server.sample.name] = has || (had && server.standby);
    }
    had_[view.exporter] = std::move(now);
  }

 private:
  void forget(ExporterId exporter) {
    had_.erase(exporter);
    seen_primary_.erase(exporter);
  }

  std::map<ExporterId, std::map<std::string, bool>> had_;
  std::set<ExporterId> seen_primary_;
};

}  // namespace

std::unique_ptr<Invariant> lag_is_true() {
  return std::make_unique<LagIsTrue>();
}

std::unique_ptr<Invariant> lag_is_kept() {
  return std::make_unique<LagIsKept>();
}

}  // namespace pgrepl::simulation
