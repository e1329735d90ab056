// Samples as lines of Prometheus' text format 0.0.4, as prometheus-cpp's TextSerializer writes
// them, without its streams: they cost more than all else a page needs.
#pragma once

#include <string>
#include <string_view>

#include <prometheus/client_metric.h>

namespace pgrepl::metrics {

// `labels` as Labels::text() gives them.
void append_sample(std::string& out, std::string_view name, std::string_view labels, double value);

void append_histogram(
    std::string& out,
    std::string_view name,
    std::string_view labels,
    const prometheus::ClientMetric::Histogram& histogram
);

}  // namespace pgrepl::metrics
