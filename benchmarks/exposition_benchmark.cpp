// A page of 50,000 series: collecting them, and writing them as text beside the library's way.
#include "exposition/exposition.h"
#include "exposition/family.h"

#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace pgrepl {
namespace {

constexpr int kFamilies = 500;
constexpr int kSamplesOfEach = 100;

constexpr const char* kHelp = "What a family of this kind means, in a line";

std::string name_of(int family) {
  return "pg_family_" + std::to_string(family);
}

double value_of(int sample) {
  return sample % 4 == 0 ? sample / 7.0 : sample * 1000;
}

metrics::Families collect() {
  metrics::Families families;
  for (int family = 0; family < kFamilies; ++family) {
    const std::string name = name_of(family);
    for (int i = 0; i < kSamplesOfEach; ++i) {
      const std::string server = "pg-" + std::to_string(i);
      families.add(
          name,
          prometheus::MetricType::Gauge,
          kHelp,
          {{"cluster", "main"}, {"server", server}, {"datname", "postgres"}},
          value_of(i)
      );
    }
  }
  return families;
}

std::vector<prometheus::MetricFamily> collect_for_the_library() {
  std::vector<prometheus::MetricFamily> families;
  for (int family = 0; family < kFamilies; ++family) {
    auto& made = families.emplace_back();
    made.name = name_of(family);
    made.help = kHelp;
    made.type = prometheus::MetricType::Gauge;
    for (int i = 0; i < kSamplesOfEach; ++i) {
      auto& sample = made.metric.emplace_back();
      const std::string server = "pg-" + std::to_string(i);
      sample.label = {{"cluster", "main"}, {"server", server}, {"datname", "postgres"}};
      sample.gauge.value = value_of(i);
    }
  }
  return families;
}

void families_of_50000_series(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(collect());
  }
}

void page_of_50000_series(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(metrics::render(collect().take()));
  }
}

void the_librarys_page(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(prometheus::TextSerializer{}.Serialize(collect_for_the_library()));
  }
}

BENCHMARK(families_of_50000_series)->Unit(benchmark::kMillisecond);
BENCHMARK(page_of_50000_series)->Unit(benchmark::kMillisecond);
BENCHMARK(the_librarys_page)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pgrepl
