// Plays films and says what did not hold: simulate [--seeds N] [--from S] [--minutes M] [--jobs J]
// or simulate --seed S --film. Ends with 1 when something did not hold.
#include "catalogue/embedded.h"
#include "catalogue/load.h"
#include "log/log.h"
#include "simulation/shrink.h"
#include "simulation/stage.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace {

using namespace pgrepl;

struct Wanted {
  std::uint64_t from = 1;
  std::uint64_t seeds = 100;
  std::optional<std::uint64_t> only{};
  bool film = false;
  int minutes = 2;
  int seconds = 0;  // at most; 0: as long as it takes
  std::uint64_t most_findings = 3;
};

std::optional<Wanted> read_arguments(int argc, char** argv) {
  Wanted wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--film") {
      wanted.film = true;
      continue;
    }
    if (i + 1 == argc) {
      return std::nullopt;
    }
    const std::uint64_t value = std::strtoull(argv[++i], nullptr, 10);
    if (word == "--seed") {
      wanted.only = value;
    } else if (word == "--seeds") {
      wanted.seeds = value;
    } else if (word == "--from") {
      wanted.from = value;
    } else if (word == "--minutes") {
      wanted.minutes = static_cast<int>(value);
    } else if (word == "--seconds") {
      wanted.seconds = static_cast<int>(value);
    } else if (word == "--findings") {
      wanted.most_findings = value;
    } else {
      return std::nullopt;
    }
  }
  return wanted;
}

catalogue::Catalogue load_catalogue() {
  std::vector<catalogue::SourceText> texts;
  for (const catalogue::EmbeddedFile& file : catalogue::embedded_query_files()) {
    texts.push_back({std::string{file.name}, std::string{file.text}});
  }
  auto loaded = catalogue::load(texts);
  if (!loaded) {
    std::fputs("the built-in queries cannot be read\n", stderr);
    std::exit(2);
  }
  return std::move(*loaded);
}

void print(const simulation::Scenario& scenario, const catalogue::Catalogue& catalogue) {
  simulation::Stage stage{scenario, catalogue, /*keeps_film=*/true};
  const auto violation = stage.play();
  for (const std::string& line : stage.film().lines()) {
    std::puts(line.c_str());
  }
  if (violation) {
    std::printf(
        "%s  %s does not hold: %s\n",
        simulation::time_text(violation->at).c_str(),
        violation->invariant.c_str(),
        violation->text.c_str()
    );
  } else {
    std::puts("everything held");
  }
}

// The shortest film in which it breaks, with its moves.
void explain(
    const simulation::Scenario& scenario,
    const simulation::Violation& violation,
    const catalogue::Catalogue& catalogue
) {
  const simulation::Scenario small = simulation::shrink(scenario, violation, catalogue);
  std::printf(
      "seed %llu, shrunk to %zu of %zu moves:\n",
      static_cast<unsigned long long>(scenario.seed),
      small.moves.size(),
      scenario.moves.size()
  );
  print(small, catalogue);
}

// How many films broke.
std::uint64_t play_all(const Wanted& wanted, const catalogue::Catalogue& catalogue) {
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  std::uint64_t played = 0;
  std::map<std::string, std::uint64_t> by_invariant;
  for (std::uint64_t seed = wanted.from; seed < wanted.from + wanted.seeds; ++seed) {
    const auto scenario = simulation::make_scenario(seed, wanted.minutes);
    simulation::Stage stage{scenario, catalogue, /*keeps_film=*/false};
    const auto violation = stage.play();
    ++played;
    if (violation) {
      ++failed;
      by_invariant[violation->invariant] += 1;
      std::printf(
          "seed %llu at %s: %s does not hold: %s\n",
          static_cast<unsigned long long>(seed),
          simulation::time_text(violation->at).c_str(),
          violation->invariant.c_str(),
          violation->text.c_str()
      );
      std::fflush(stdout);
      if (failed == 1 && wanted.film) {
        explain(scenario, *violation, catalogue);
      }
      if (failed >= wanted.most_findings) {
        break;
      }
    }
    const auto spent = std::chrono::steady_clock::now() - began;
    if (wanted.seconds > 0 && spent > std::chrono::seconds{wanted.seconds}) {
      break;
    }
  }
  std::printf(
      "%llu films, %llu broken",
      static_cast<unsigned long long>(played),
      static_cast<unsigned long long>(failed)
  );
  for (const auto& [invariant, count] : by_invariant) {
    std::printf(", %s: %llu", invariant.c_str(), static_cast<unsigned long long>(count));
  }
  std::puts("");
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  const auto wanted = read_arguments(argc, argv);
  if (!wanted) {
    std::fputs(
        "usage: simulate [--seeds N] [--from S] [--minutes M] [--seconds T] [--findings F] "
        "[--seed S] [--film]\n",
        stderr
    );
    return 2;
  }
  // What the exporters of a film log is in the film. Errors of their own are said on standard
  // error.
  log::configure(log::Level::Error, log::Format::Logfmt);
  const catalogue::Catalogue catalogue = load_catalogue();
  if (wanted->only) {
    const auto scenario = simulation::make_scenario(*wanted->only, wanted->minutes);
    simulation::Stage stage{scenario, catalogue, /*keeps_film=*/false};
    const auto violation = stage.play();
    if (wanted->film) {
      print(scenario, catalogue);
    } else if (violation) {
      explain(scenario, *violation, catalogue);
    } else {
      std::puts("everything held");
    }
    return violation ? 1 : 0;
  }
  return play_all(*wanted, catalogue) == 0 ? 0 : 1;
}
