// The page in OpenMetrics 1.0, from the one in Prometheus' text format.
#pragma once

#include <string>
#include <string_view>

namespace pgrepl::metrics {

// `page` is one that render() made. Samples keep their names, so a scraper stores the same series
// whichever format it asks for. A counter whose name does not end in _total, as the community
// exporter has them, cannot be a counter in OpenMetrics: it is of type unknown there.
[[nodiscard]] std::string to_openmetrics(std::string_view page);

}  // namespace pgrepl::metrics
