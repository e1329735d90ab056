#include "simulation/shrink.h"

#include "simulation/stage.h"

#include <algorithm>
#include <utility>

namespace pgrepl::simulation {

namespace {

// Films that are played at most.
constexpr int kMostTries = 250;

class Shrinker {
 public:
  Shrinker(const Violation& violation, const catalogue::Catalogue& catalogue)
      : invariant_(violation.invariant), catalogue_(catalogue) {}

  [[nodiscard]] bool may_try() const { return tries_ < kMostTries; }

  bool breaks(const Scenario& scenario) {
    ++tries_;
    Stage stage{scenario, catalogue_, /*keeps_film=*/false};
    const auto violation = stage.play();
    return violation && violation->invariant == invariant_;
  }

 private:
  std::string invariant_;
  const catalogue::Catalogue& catalogue_;
  int tries_ = 0;
};

// Leaves out ever smaller runs of moves.
void drop_moves(Scenario& scenario, Shrinker& shrinker) {
  for (std::size_t run = std::max<std::size_t>(1, scenario.moves.size() / 2); run > 0; run /= 2) {
    for (std::size_t at = 0; at < scenario.moves.size() && shrinker.may_try();) {
      Scenario smaller = scenario;
      const auto first = smaller.moves.begin() + static_cast<std::ptrdiff_t>(at);
      const std::size_t count = std::min(run, smaller.moves.size() - at);
      smaller.moves.erase(first, first + static_cast<std::ptrdiff_t>(count));
      if (shrinker.breaks(smaller)) {
        scenario = std::move(smaller);
      } else {
        at += run;
      }
    }
  }
}

}  // namespace

Scenario shrink(
    Scenario scenario, const Violation& violation, const catalogue::Catalogue& catalogue
) {
  Shrinker shrinker{violation, catalogue};
  std::erase_if(scenario.moves, [&](const Move& move) { return move.at > violation.at; });
  drop_moves(scenario, shrinker);
  return scenario;
}

}  // namespace pgrepl::simulation
