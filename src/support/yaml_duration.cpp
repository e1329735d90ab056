// "1h30m", "250ms": durations as Prometheus and PostgreSQL users write them.
#include "support/yaml.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

namespace pgrepl::yaml {

namespace {

std::optional<double> unit_in_milliseconds(std::string_view unit) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1},
      {"s", 1e3},
      {"m", 60e3},
      {"h", 3600e3},
      {"d", 86400e3},
      {"w", 7 * 86400e3},
  };
  const auto* found = std::ranges::find(kUnits, unit, &std::pair<std::string_view, double>::first);
  return found == std::end(kUnits) ? std::nullopt : std::optional{found->second};
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double total = 0;
  if (text.empty()) {
    return std::nullopt;
  }
  while (!text.empty()) {
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || value < 0) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = unit_in_milliseconds(text.substr(0, letters));
    if (!unit) {
      return text.empty() && value == 0 && total == 0 ? std::optional{std::chrono::milliseconds{0}}
                                                      : std::nullopt;
    }
    total += value * *unit;
    text.remove_prefix(letters);
  }
  constexpr double kHundredYears = 100 * 365.25 * 86400e3;
  if (!(total <= kHundredYears)) {
    return std::nullopt;
  }
  return std::chrono::milliseconds{std::llround(total)};
}

}  // namespace pgrepl::yaml
