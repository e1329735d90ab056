// Families as the text a scraper reads.
#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace pgrepl::metrics {

// Prometheus text format 0.0.4.
[[nodiscard]] std::string render(const std::vector<prometheus::MetricFamily>& families);

}  // namespace pgrepl::metrics
