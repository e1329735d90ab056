// A page of 50,000 series: collecting them, and writing them as text beside the library's way.
#include "metrics/exposition.h"
#include "metrics/family.h"

#include <string>

#include <benchmark/benchmark.h>
#include <prometheus/text_serializer.h>

namespace pgrepl {
namespace {

constexpr int kFamilies = 500;
constexpr int kSamplesOfEach = 100;

metrics::Families collect() {
  metrics::Families families;
  for (int family = 0; family < kFamilies; ++family) {
    const std::string name = "pg_family_" + std::to_string(family);
    for (int i = 0; i < kSamplesOfEach; ++i) {
      const std::string server = "pg-" + std::to_string(i);
      const double value = i % 4 == 0 ? i / 7.0 : i * 1000;
      families.add(
          name,
          prometheus::MetricType::Gauge,
          "What a family of this kind means, in a line",
          {{"cluster", "main"}, {"server", server}, {"datname", "postgres"}},
          value
      );
    }
  }
  return families;
}

void families_of_50000_series(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(collect().take());
  }
}

void exposition_of_50000_series(benchmark::State& state) {
  const auto families = collect().take();
  for (auto _ : state) {
    benchmark::DoNotOptimize(metrics::render(families));
  }
}

void the_librarys_exposition(benchmark::State& state) {
  const auto families = collect().take();
  for (auto _ : state) {
    benchmark::DoNotOptimize(prometheus::TextSerializer{}.Serialize(families));
  }
}

BENCHMARK(families_of_50000_series)->Unit(benchmark::kMillisecond);
BENCHMARK(exposition_of_50000_series)->Unit(benchmark::kMillisecond);
BENCHMARK(the_librarys_exposition)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pgrepl
