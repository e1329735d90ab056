// Families as the text a scraper reads.
#pragma once

#include "exposition/family.h"

#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::metrics {

// As the text format calls it; a summary is untyped, since nothing here makes one.
[[nodiscard]] std::string_view text_of(prometheus::MetricType type);

// Prometheus text format 0.0.4.
[[nodiscard]] std::string render(const std::vector<Family>& families);

}  // namespace pgrepl::metrics
