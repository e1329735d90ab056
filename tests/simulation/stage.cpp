#include "simulation/stage.h"

#include "simulation/leader.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace pgrepl::simulation {

namespace {

// How long everything that ends may take to come to its end.
constexpr std::chrono::seconds kLeave{15};

std::string lag_text(const cluster::Standby& standby) {
  std::string text{to_string(standby.state)};
  if (standby.lag.time) {
    text += " " + std::to_string(standby.lag.time->count()) + " s";
  }
  if (standby.lag.uncertainty) {
    text += " ± " + std::to_string(standby.lag.uncertainty->count());
  }
  return text + " (" + std::string{to_string(standby.lag.basis)} + ")";
}

}  // namespace

Stage::Stage(Scenario scenario, const catalogue::Catalogue& catalogue, bool keeps_film)
    : scenario_(std::move(scenario)),
      catalogue_(catalogue),
      film_(keeps_film),
      world_(scenario_.seed + 1, scenario_.exporters),
      recipes_(catalogue),
      exchange_{world_, recipes_, ledger_, film_},
      seats_(scenario_.exporters),
      truth_{scenario_, world_, ledger_, clock_, {}, {}},
      invariants_(all_invariants()) {
  world_.on_end = [this](std::uint64_t backend) {
    if (const auto wire = exchange_.by_backend.find(backend); wire != exchange_.by_backend.end()) {
      wire->second->end();
    }
  };
  add_nodes();
}

// Nothing may run any more that refers to what is destroyed first.
Stage::~Stage() {
  try {
    leave();
  } catch (const std::exception&) {
    // It has been found already.
  }
  for (auto& stuck : leaving_) {
    (void)stuck.release();  // coroutines that wait for ever refer to it
  }
}

void Stage::add_nodes() {
  world_.step(kBegin);
  for (const Node& node : scenario_.nodes) {
    world_.add(node);
  }
}

Setup Stage::setup_of(std::uint64_t seed) const {
  Setup setup{.config = {}, .catalogue = catalogue_};
  setup.config.sampling.tick = scenario_.tick;
  setup.config.sampling.timeout = scenario_.timeout;
  setup.config.sampling.observers = scenario_.observers;
  config::Cluster cluster{.name = "main"};
  for (NodeId id = 0; id < scenario_.nodes.size(); ++id) {
    const Node& node = scenario_.nodes[id];
    config::Server server{.name = node.name, .conninfo = {}, .lag_thresholds = {}};
    server.conninfo.endpoint = {node.address, node.port};
    const bool left_out = seed != 0 && (seed >> id) % 4 == 1;
    if (!left_out && scenario_.discovery == Discovery::None) {
      cluster.servers.push_back(std::move(server));
    }
  }
  if (scenario_.discovery == Discovery::Dns) {
    config::DnsDiscovery dns{.name = "servers", .login = {}};
    cluster.discovery.emplace_back(std::move(dns));
  } else if (scenario_.discovery == Discovery::Patroni) {
    config::PatroniDiscovery patroni{.urls = {{.host = "patroni", .port = 8008}}};
    cluster.discovery.emplace_back(std::move(patroni));
  }
  setup.config.clusters.push_back(std::move(cluster));
  return setup;
}

void Stage::start(ExporterId id) {
  Seat& seat = seats_.at(id);
  seat.exporter = std::make_unique<Exporter>(loop_, exchange_, id, setup_of(list_));
  seat.seen.reset();
  seat.events = 0;
  for (const auto& invariant : invariants_) {
    invariant->on_start(id);
  }
}

void Stage::restart(ExporterId id, bool kill) {
  Seat& seat = seats_.at(id);
  if (seat.exporter == nullptr) {
    return;
  }
  if (kill) {
    // The kernel closes all connections of a process that is gone.
    for (NodeId node = 0; node < world_.nodes().size(); ++node) {
      world_.end_backends_of(node, id);
    }
  }
  seat.exporter->stop();
  leaving_.push_back(std::move(seat.exporter));
  start(id);
}

// One list for all exporters, as a deployment does it: who shares a cluster watches the same.
void Stage::reload(std::uint64_t seed) {
  list_ = seed;
  for (const Seat& seat : seats_) {
    seat.exporter->reload(setup_of(seed));
  }
}

void Stage::step(Instant now) {
  clock_.run_until(io_, now);
  world_.step(now);
  while (next_move_ < scenario_.moves.size() && scenario_.moves[next_move_].at <= now) {
    perform(scenario_.moves[next_move_++]);
  }
  truth_.logged = log_.take();
  truth_.health.note(world_, scenario_.tick, now);
  std::erase_if(leaving_, [](const auto& exporter) { return exporter->has_ended(); });
}

void Stage::look(ExporterId id) {
  Seat& seat = seats_.at(id);
  auto picture = seat.exporter->picture();
  if (picture == nullptr || picture == seat.seen || picture->clusters.empty()) {
    return;
  }
  seat.seen = picture;
  film_picture(id, *picture);
  const auto events = seat.exporter->events_after(seat.events);
  seat.events += events.size();
  for (const auto& event : events) {
    film_.note(
        picture->taken,
        "exporter " + std::to_string(id),
        "event: " + event.event.server + " " + event.event.message
    );
  }
  const View view{
      .exporter = id,
      .picture = *picture,
      .cluster = picture->clusters.front().cluster,
      .events = events,
      .started = seat.exporter->started(),
      .configured = seat.exporter->configured(),
      .last_round = seat.exporter->last_round(),
  };
  for (const auto& invariant : invariants_) {
    invariant->on_view(truth_, view);
  }
}

void Stage::film_picture(ExporterId id, const pages::Picture& picture) {
  if (!film_.keeps()) {
    return;
  }
  const cluster::Cluster& cluster = picture.clusters.front().cluster;
  std::string text = cluster.observed ? "shows" : "leaves it to others:";
  for (const cluster::Server& server : cluster.servers) {
    text += " | " + server.sample.name + (is_up(server.sample) ? " up" : " down");
    if (server.standby) {
      text += " " + lag_text(*server.standby);
    } else {
      text += server.role ? " primary" : "";
    }
  }
  for (const cluster::AnomalyFinding& finding : cluster.anomalies) {
    text += " | " + std::string{to_string(finding.anomaly)};
  }
  film_.note(picture.taken, "exporter " + std::to_string(id), text);
}

void Stage::repair() {
  film_.note(world_.now(), "move", "all faults cease");
  make_whole(world_);
  reload(0);
}

void Stage::leave() {
  for (Seat& seat : seats_) {
    if (seat.exporter != nullptr) {
      seat.exporter->stop();
      leaving_.push_back(std::move(seat.exporter));
    }
  }
  const Instant latest = clock_.now() + kLeave;
  while (!leaving_.empty() && clock_.now() < latest) {
    clock_.run_until(io_, clock_.now() + kStep);
    std::erase_if(leaving_, [](const auto& exporter) { return exporter->has_ended(); });
  }
}

std::optional<Violation> Stage::play() {
  try {
    return play_to_the_end();
  } catch (const std::exception& problem) {
    // Whatever reaches the loop would end the process.
    return Violation{
        "I9", clock_.now(), std::string{"an exception ends the loop: "} + problem.what()};
  }
}

std::optional<Violation> Stage::play_to_the_end() {
  const auto found = [this]() -> std::optional<Violation> {
    for (const auto& invariant : invariants_) {
      if (invariant->violation()) {
        return invariant->violation();
      }
    }
    return std::nullopt;
  };
  for (ExporterId id = 0; id < seats_.size(); ++id) {
    start(id);
  }
  bool calm = false;
  for (Instant now = kBegin + kStep; now <= scenario_.end; now += kStep) {
    step(now);
    if (!calm && now >= scenario_.calm_from) {
      calm = true;
      repair();
    }
    std::vector<const Exporter*> exporters;
    for (ExporterId id = 0; id < seats_.size(); ++id) {
      look(id);
      exporters.push_back(seats_[id].exporter.get());
    }
    for (const auto& invariant : invariants_) {
      invariant->on_step(truth_, exporters);
    }
    if (auto violation = found()) {
      return violation;
    }
  }
  look_at_the_end();
  leave();
  if (!leaving_.empty()) {
    return Violation{"I9", clock_.now(), "an exporter that was stopped does not come to its end"};
  }
  for (const auto& invariant : invariants_) {
    invariant->on_end(truth_);
  }
  return found();
}

void Stage::look_at_the_end() {
  std::vector<View> views;
  static const std::vector<cluster::LoggedEvent> kNoEvents;
  for (ExporterId id = 0; id < seats_.size(); ++id) {
    const Seat& seat = seats_[id];
    if (seat.seen != nullptr) {
      views.push_back(
          {.exporter = id,
           .picture = *seat.seen,
           .cluster = seat.seen->clusters.front().cluster,
           .events = kNoEvents,
           .started = seat.exporter->started(),
           .configured = seat.exporter->configured(),
           .last_round = seat.exporter->last_round()}
      );
    }
  }
  for (const auto& invariant : invariants_) {
    invariant->on_calm(truth_, views);
  }
}

}  // namespace pgrepl::simulation
