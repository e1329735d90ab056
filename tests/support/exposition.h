// Reads a page in Prometheus' text format back, as far as tests need: samples, not their metadata.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::testing {

using Labels = std::map<std::string, std::string>;

struct Series {
  std::string name;
  Labels labels;
  double value = 0;
};

// Throws at the first line that is no sample.
[[nodiscard]] std::vector<Series> parse_exposition(std::string_view page);

// The value of the one series of that name that has at least these labels; absent when there is
// none. Throws when several have.
[[nodiscard]] std::optional<double> find_value(
    const std::vector<Series>& series, std::string_view name, const Labels& labels = {}
);

}  // namespace pgrepl::testing
