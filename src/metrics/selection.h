// What of a page a scraper wants to have: ?collect[]=NAME.
#pragma once

#include "catalogue/query.h"
#include "support/pattern.h"

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::metrics {

// Beside the queries, which are groups by their own names.
inline constexpr std::string_view kClusterGroup = "cluster";    // lag, states, slots, endpoints
inline constexpr std::string_view kExporterGroup = "exporter";  // what it says of itself

struct Selection {
  std::vector<std::string> groups;  // * stands for any text; none: the whole page

  [[nodiscard]] bool has(std::string_view group) const {
    return groups.empty() || matches_any(groups, group);
  }

  auto operator<=>(const Selection&) const = default;
};

// What is wrong with it: that a group does not exist. Absent when each does.
[[nodiscard]] std::optional<std::string> find_mistake(
    const Selection& selection, const catalogue::Catalogue& catalogue
);

}  // namespace pgrepl::metrics
