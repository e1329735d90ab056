// What a start and a reload cost: reading every built-in query, and a large file of another
// exporter.
#include "catalogue/embedded.h"
#include "catalogue/load.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace pgrepl {
namespace {

std::vector<catalogue::SourceText> built_in() {
  std::vector<catalogue::SourceText> files;
  for (const catalogue::EmbeddedFile& file : catalogue::embedded_query_files()) {
    files.push_back({.name = std::string{file.name}, .text = std::string{file.text}});
  }
  return files;
}

// In the format of postgres_exporter: two labels and six values a query.
std::string foreign_file(int queries) {
  std::string text;
  for (int i = 0; i < queries; ++i) {
    const std::string name = "app_queue_" + std::to_string(i);
    text += name + ":\n  query: |\n    SELECT tenant, queue";
    for (int column = 0; column < 6; ++column) {
      text += ", count(*) FILTER (WHERE state = " + std::to_string(column) + ") AS v" +
              std::to_string(column);
    }
    text +=
        "\n    FROM app.jobs GROUP BY tenant, queue\n  master: true\n  cache_seconds: 30\n  "
        "metrics:\n";
    for (const char* label : {"tenant", "queue"}) {
      text += std::string{"    - "} + label + ": { usage: LABEL, description: Whose jobs }\n";
    }
    for (int column = 0; column < 6; ++column) {
      text += "    - v" + std::to_string(column) +
              ":\n        usage: GAUGE\n        description: \"Jobs in this state\"\n";
    }
  }
  return text;
}

// Loads once before anything is timed: figures of a file full of mistakes would say nothing.
bool is_whole(const std::vector<catalogue::SourceText>& files, std::size_t queries) {
  const auto loaded = catalogue::load(files);
  return loaded && loaded->broken.empty() && loaded->queries.size() >= queries;
}

void load_files(
    benchmark::State& state, const std::vector<catalogue::SourceText>& files, std::size_t queries
) {
  if (!is_whole(files, queries)) {
    state.SkipWithError("the catalogue is not whole");
    return;
  }
  std::size_t bytes = 0;
  for (const catalogue::SourceText& file : files) {
    bytes += file.text.size();
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(catalogue::load(files));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void load_built_in_queries(benchmark::State& state) {
  const auto files = built_in();
  load_files(state, files, files.size());
}

void load_with_a_foreign_file(benchmark::State& state) {
  auto files = built_in();
  const auto queries = static_cast<std::size_t>(state.range(0));
  files.push_back(
      {.name = "foreign.yaml",
       .text = foreign_file(static_cast<int>(state.range(0))),
       .from_user = true}
  );
  load_files(state, files, files.size() - 1 + queries);
}

BENCHMARK(load_built_in_queries)->Unit(benchmark::kMillisecond);
BENCHMARK(load_with_a_foreign_file)->Arg(10)->Arg(100)->Arg(500)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pgrepl
