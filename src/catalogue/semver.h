// The version ranges of postgres_exporter's `runonserver`: ">=13.0.0 <17.0.0".
#pragma once

#include <optional>
#include <string_view>

namespace pgrepl::catalogue {

// Of server_version_num. "13.4.0" is 130004; before 10 the second number belongs to the major.
struct VersionSpan {
  int from = 0;               // included
  std::optional<int> before;  // excluded

  friend bool operator==(const VersionSpan&, const VersionSpan&) = default;
};

// Comparisons side by side, all of which must hold: >=, >, <=, <, =, or none for =. Absent for
// anything else, alternatives (||) among them.
[[nodiscard]] std::optional<VersionSpan> parse_semver_range(std::string_view text);

}  // namespace pgrepl::catalogue
