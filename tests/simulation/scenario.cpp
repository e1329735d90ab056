#include "simulation/scenario.h"

#include "simulation/random.h"
#include "simulation/simulated_clock.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pgrepl::simulation {

namespace {

struct Likely {
  Kind kind;
  unsigned weight;
};

// What is left out, because the model of the cluster is known to be wrong about it, stands in
// docs/simulation.md.
constexpr std::array<Likely, 29> kMoves{{
    {Kind::WriteRate, 12},   {Kind::ReplayRate, 6},     {Kind::Pause, 4},
    {Kind::Resume, 6},       {Kind::Delay, 2},          {Kind::Crash, 3},
    {Kind::Start, 6},        {Kind::Freeze, 3},         {Kind::Thaw, 6},
    {Kind::SwitchOver, 3},   {Kind::FailOver, 2},       {Kind::Rebuild, 1},
    {Kind::CutStream, 3},    {Kind::HealStream, 4},     {Kind::CutUs, 5},
    {Kind::HealUs, 7},       {Kind::Latency, 3},        {Kind::Slow, 3},
    {Kind::SlowQuery, 4},    {Kind::RefusePassword, 2}, {Kind::Full, 2},
    {Kind::CutAnswers, 2},   {Kind::EndBackends, 3},    {Kind::RestartExporter, 2},
    {Kind::KillExporter, 1}, {Kind::Reload, 2},         {Kind::NameService, 2},
    {Kind::Patroni, 2},      {Kind::Unlist, 1},
}};

constexpr std::array<const char*, 4> kQueries{
    "server_facts", "replication_slots", "stat_database", "stat_activity"};
constexpr std::array<int, 8> kVersions{
    130014, 140010, 150008, 160004, 170002, 180000, 190000, 150002};

Kind draw_kind(Random& random) {
  unsigned total = 0;
  for (const Likely& likely : kMoves) {
    total += likely.weight;
  }
  auto drawn = static_cast<unsigned>(random.below(total));
  for (const Likely& likely : kMoves) {
    if (drawn < likely.weight) {
      return likely.kind;
    }
    drawn -= likely.weight;
  }
  return Kind::WriteRate;
}

std::int64_t draw_amount(Random& random, Kind kind) {
  constexpr std::array<std::int64_t, 6> kRates{0, 0, 2'000, 100'000, 5'000'000, 40'000'000};
  switch (kind) {
    case Kind::WriteRate:
      return kRates.at(random.below(kRates.size()));
    case Kind::ReplayRate:
      return random.percent(60) ? 1'000'000'000 : random.between(1'000, 4'000'000);
    case Kind::Delay:
      return random.percent(50) ? 0 : random.between(500, 20'000);
    case Kind::Start:
      return random.percent(50) ? 0 : random.between(100, 8'000);
    case Kind::CutStream:
      return random.between(1, 2);
    case Kind::CutUs:
      return random.between(1, 3);
    case Kind::Latency:
      return random.between(0, 40);
    case Kind::Slow:
      return random.percent(40) ? 0 : random.between(1, 1'500);
    case Kind::SlowQuery:
      return random.percent(30) ? 0 : random.between(100, 2'900);
    case Kind::RefusePassword:
    case Kind::Full:
      return random.between(0, 1);
    case Kind::CutAnswers:
      return random.between(-1, 4);
    case Kind::NameService:
    case Kind::Patroni:
      return random.percent(40) ? 0 : random.between(1, 5);
    default:
      return static_cast<std::int64_t>(random.below(1'000'000));
  }
}

Move draw_move(Random& random, const Scenario& scenario, Instant at) {
  Move move{.at = at, .kind = draw_kind(random)};
  move.node = random.below(scenario.nodes.size());
  const bool of_exporter =
      move.kind == Kind::CutUs || move.kind == Kind::HealUs || move.kind == Kind::Latency;
  move.other = random.below(of_exporter ? scenario.exporters : scenario.nodes.size());
  if (move.kind == Kind::RestartExporter || move.kind == Kind::KillExporter ||
      move.kind == Kind::Reload) {
    move.node = random.below(scenario.exporters);
  }
  move.amount = draw_amount(random, move.kind);
  if (move.kind == Kind::SlowQuery) {
    move.text = kQueries.at(random.below(kQueries.size()));
  }
  return move;
}

std::vector<Node> draw_nodes(Random& random) {
  std::vector<Node> nodes;
  const std::size_t count = 2 + random.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    Node node{.name = "pg-" + std::to_string(i + 1), .address = "10.0.0." + std::to_string(i + 1)};
    node.version = kVersions.at(random.below(kVersions.size()));
    node.primary = i == 0;
    if (i > 0) {
      node.upstream = i > 1 && random.percent(30) ? 1 + random.below(i - 1) : 0;
      node.archive_fed = random.percent(20);
      node.slot =
          random.percent(50) ? std::optional{"slot_" + std::to_string(i + 1)} : std::nullopt;
    } else {
      node.write_rate = 100'000;
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

// On some servers our role is no member of pg_monitor, until all faults cease. Drawn from a source
// of its own, so that a seed keeps the rest of its film.
void hide_some(std::uint64_t seed, std::vector<Node>& nodes) {
  Random random{~seed};
  if (!random.percent(25)) {
    return;
  }
  for (Node& node : nodes) {
    node.manners.hides = random.percent(40);
  }
}

void add_moves(Random& random, Scenario& scenario) {
  // A film has a temper: some are full of events, some rest for long.
  const std::int64_t pace = random.percent(50) ? 4'000 : 15'000;
  Instant at = kBegin + std::chrono::seconds{8};
  while (at < scenario.calm_from - std::chrono::seconds{1}) {
    scenario.moves.push_back(draw_move(random, scenario, at));
    at += milliseconds{random.between(0, 2 * pace)};
  }
}

void add_scrapes(Random& random, Scenario& scenario) {
  for (std::size_t exporter = 0; exporter < scenario.exporters; ++exporter) {
    const std::int64_t every = random.between(1'000, 15'000);
    for (Instant at = kBegin + milliseconds{random.between(0, every)}; at < scenario.end;
         at += milliseconds{random.between(every / 2, every * 3 / 2)}) {
      const std::int64_t patience = random.percent(80) ? 10'000 : random.between(1, 4'000);
      const bool probes = random.percent(30);
      const std::size_t other = random.below(scenario.nodes.size());
      scenario.moves.push_back(
          {.at = at,
           .kind = probes ? Kind::Probe : Kind::Scrape,
           .node = exporter,
           .other = other,
           .amount = patience}
      );
    }
  }
}

}  // namespace

Scenario make_scenario(std::uint64_t seed, int minutes) {
  Random random{seed};
  Scenario scenario{.seed = seed, .nodes = draw_nodes(random)};
  hide_some(seed, scenario.nodes);
  scenario.exporters = random.percent(60) ? 1 : 1 + random.below(3);
  scenario.observers = scenario.exporters > 1 ? static_cast<int>(random.between(0, 2)) : 0;
  constexpr std::array<milliseconds, 4> kTicks{
      milliseconds{1000}, milliseconds{1000}, milliseconds{500}, milliseconds{2000}};
  scenario.tick = kTicks.at(random.below(kTicks.size()));
  scenario.discovery = random.percent(60)   ? Discovery::None
                       : random.percent(50) ? Discovery::Dns
                                            : Discovery::Patroni;
  scenario.calm_from = kBegin + std::chrono::minutes{minutes};
  // Longer than any pause after a failure, which is a minute at most.
  scenario.end = scenario.calm_from + std::chrono::seconds{90};
  add_moves(random, scenario);
  add_scrapes(random, scenario);
  std::ranges::stable_sort(scenario.moves, {}, &Move::at);
  return scenario;
}

}  // namespace pgrepl::simulation
