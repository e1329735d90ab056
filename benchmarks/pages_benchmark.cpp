// What each tick and each visitor of the pages costs.
#include "cluster/observe.h"
#include "pages/api_json.h"
#include "pages/status_page.h"
#include "support/builders.h"

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace pgrepl {
namespace {

// One cluster of a primary and its standbys, as the monitor shows it.
pages::Picture picture_of(int servers) {
  using namespace testing;
  SampleBuilder first = primary("pg-0").at("0/5000000");
  std::vector<cluster::ServerSample> samples{first};
  for (int i = 1; i < servers; ++i) {
    const std::string name = "pg-" + std::to_string(i);
    first.sends(sender(name).slot("slot_" + std::to_string(i)).replayed("0/4000000"));
    samples.push_back(
        standby(name).replayed("0/4000000").receives_from("pg-0", "slot_" + std::to_string(i))
    );
  }
  samples.front() = first;
  auto seen = cluster::observe({.name = "c", .rpo = {}}, samples, {}, instant(0));
  pages::Picture picture{.clusters = {}, .taken = instant(0), .taken_at = 1.7e9};
  picture.clusters.push_back(
      {.cluster = std::move(seen.cluster), .labels = {}, .expected_standbys = {}, .lag_limits = {}}
  );
  return picture;
}

void copy_of_a_picture(benchmark::State& state) {
  const pages::Picture picture = picture_of(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    pages::Picture copy = picture;
    benchmark::DoNotOptimize(copy);
  }
}

void status_page(benchmark::State& state) {
  const pages::Picture picture = picture_of(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(pages::status_page(picture, {}, "/metrics"));
  }
}

void clusters_json(benchmark::State& state) {
  const pages::Picture picture = picture_of(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(pages::clusters_json(picture));
  }
}

BENCHMARK(copy_of_a_picture)->Arg(3)->Arg(60)->Arg(500)->Unit(benchmark::kMicrosecond);
BENCHMARK(status_page)->Arg(3)->Arg(60)->Arg(500)->Unit(benchmark::kMicrosecond);
BENCHMARK(clusters_json)->Arg(3)->Arg(60)->Arg(500)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pgrepl
