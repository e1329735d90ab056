// The costs of a tick: noting a position, finding one, observing a cluster.
#include "cluster/observe.h"
#include "support/builders.h"

#include <benchmark/benchmark.h>

namespace pgrepl {
namespace {

using testing::instant;
using testing::primary;
using testing::sender;
using testing::standby;

cluster::WalHistory full_history() {
  cluster::WalHistory history;
  for (std::uint64_t i = 1; i <= 30000; ++i) {
    history.note(pg::Lsn{i * 1000}, instant(static_cast<double>(i)));
  }
  return history;
}

void note_position(benchmark::State& state) {
  cluster::WalHistory history;
  std::uint64_t i = 1;
  for (auto _ : state) {
    history.note(pg::Lsn{i * 1000}, instant(static_cast<double>(i)));
    ++i;
  }
}

BENCHMARK(note_position);

void look_up_position(benchmark::State& state) {
  const auto history = full_history();
  std::uint64_t position = 0;
  for (auto _ : state) {
    position = (position + 7919000) % 30000000;
    benchmark::DoNotOptimize(history.passed_at(pg::Lsn{position + 1000}));
  }
}

BENCHMARK(look_up_position);

void observe_cluster(benchmark::State& state) {
  auto first = primary("pg-1").at("0/2000");
  std::vector<cluster::ServerSample> samples;
  for (int i = 0; i < state.range(0); ++i) {
    const std::string slot = "slot_" + std::to_string(i);
    first.sends(sender().slot(slot).replayed("0/1000"));
    samples.push_back(standby("pg-" + slot).replayed("0/1000").receives_from("pg-1", slot));
  }
  samples.push_back(first);
  cluster::Memory memory;
  for (auto _ : state) {
    auto seen = cluster::observe({.name = "c", .rpo = {}}, samples, std::move(memory), instant(0));
    memory = std::move(seen.memory);
    benchmark::DoNotOptimize(seen.cluster);
  }
}

BENCHMARK(observe_cluster)->Arg(2)->Arg(20)->Arg(100);

}  // namespace
}  // namespace pgrepl
