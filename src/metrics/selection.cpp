#include "metrics/selection.h"

#include "support/suggest.h"

#include <algorithm>

namespace pgrepl::metrics {

std::optional<std::string> find_mistake(
    const Selection& selection, const catalogue::Catalogue& catalogue
) {
  auto names = catalogue.names();
  names.insert(names.end(), {kClusterGroup, kExporterGroup});
  for (const std::string& group : selection.groups) {
    const bool known = std::ranges::any_of(names, [&group](std::string_view name) {
      return matches(group, name);
    });
    if (!known) {
      const auto meant = closest(group, names);
      return "collect[]: there is no group '" + group + "'" +
             (meant ? "; did you mean '" + *meant + "'?"
                    : "; groups are the labels `collector` of pg_exporter_collector_success, "
                      "'cluster' and 'exporter'");
    }
  }
  return std::nullopt;
}

}  // namespace pgrepl::metrics
