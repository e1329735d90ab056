// Every series the exporter can show: for its documentation, and for checks of rules and
// dashboards against it.
#pragma once

#include "catalogue/query.h"

#include <string>
#include <vector>

namespace pgrepl::metrics {

struct SeriesReference {
  std::string name;
  std::string type;                 // counter, gauge, histogram or untyped
  std::vector<std::string> labels;  // beyond those of the cluster's configuration
  std::string help;
  std::string versions;  // of PostgreSQL: "13 .. 18", or empty for the exporter's own

  friend bool operator==(const SeriesReference&, const SeriesReference&) = default;
};

// By name. What the model shows is taken from a page of a cluster that has everything.
[[nodiscard]] std::vector<SeriesReference> list_series(const catalogue::Catalogue& catalogue);

[[nodiscard]] std::string to_markdown(const std::vector<SeriesReference>& series);
[[nodiscard]] std::string to_json(const std::vector<SeriesReference>& series);

}  // namespace pgrepl::metrics
