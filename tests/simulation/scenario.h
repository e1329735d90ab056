// What a film is about, made from its seed: who is there, and what happens to them.
#pragma once

#include "simulation/world.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::simulation {

enum class Kind {
  WriteRate,   // amount: bytes a second
  ReplayRate,  // likewise
  Pause,
  Resume,
  Delay,  // amount: milliseconds
  Crash,
  Start,  // amount: milliseconds until it lets anybody in
  Freeze,
  Thaw,
  SwitchOver,
  FailOver,        // the primary crashes, `node` is promoted, the rest follows it
  StrayPromotion,  // beside the primary
  Rebuild,
  Repoint,    // to `other`
  CutStream,  // between `node` and `other`; amount: the flow
  HealStream,
  CutUs,  // between exporter `other` and `node`; amount: the flow, 3 for lost answers
  HealUs,
  Latency,         // likewise; amount: milliseconds
  Slow,            // amount: milliseconds
  SlowQuery,       // of `text`; amount: milliseconds
  RefusePassword,  // amount: 0 or 1
  Full,            // likewise
  CutAnswers,      // amount: after how many; -1 ends it
  EndBackends,
  RestartExporter,
  KillExporter,
  Reload,       // amount: a seed for the list
  Scrape,       // amount: patience in milliseconds
  Probe,        // of server `other`; amount: patience in milliseconds
  NameService,  // amount: NameService
  Patroni,      // likewise
  List,         // discovery lists `node` again
  Unlist,
};

struct Move {
  Instant at{};
  Kind kind = Kind::Scrape;
  std::size_t node = 0;
  std::size_t other = 0;
  std::int64_t amount = 0;
  std::string text{};
};

[[nodiscard]] std::string to_string(const Move& move);

enum class Discovery { None, Dns, Patroni };

struct Scenario {
  std::uint64_t seed = 0;
  std::vector<Node> nodes{};
  std::size_t exporters = 1;
  int observers = 0;
  milliseconds tick{1000};
  milliseconds timeout{3000};
  Discovery discovery = Discovery::None;
  std::vector<Move> moves{};  // in the order of their instants
  Instant calm_from{};        // faults cease
  Instant end{};
};

// `minutes` is how long faults go on.
[[nodiscard]] Scenario make_scenario(std::uint64_t seed, int minutes);

}  // namespace pgrepl::simulation
