// One value of a query's row as a number, a histogram or a name of the page.
#pragma once

#include "catalogue/query.h"
#include "pg/result_set.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <prometheus/client_metric.h>

namespace pgrepl::metrics {

// Absent when the text stands for no number.
[[nodiscard]] std::optional<double> column_value(
    const catalogue::Column& column, std::string_view text
);

// From the column's array of upper bounds and the columns NAME_bucket (cumulative counts),
// NAME_sum and NAME_count. Absent when one of them is missing or no number.
[[nodiscard]] std::optional<prometheus::ClientMetric::Histogram> histogram_of(
    const catalogue::Column& column, const pg::ResultSet& rows, std::size_t row
);

// What Prometheus takes for a name: anything else in the text becomes "_".
[[nodiscard]] std::string to_series_name(std::string_view text);

// "1h30m", "250ms", "-1" for none, as other exporters read it; in milliseconds.
[[nodiscard]] std::optional<double> duration_milliseconds(std::string_view text);

}  // namespace pgrepl::metrics
