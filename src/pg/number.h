// Numbers as PostgreSQL writes them in text: whatever of its types can be a sample's value.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace pgrepl::pg {

// Numbers, NaN and infinities as they are; true and false as 1 and 0; a timestamp (DateStyle ISO,
// read as UTC unless it names its zone) in seconds since the epoch; an interval (IntervalStyle
// postgres) in seconds, a month as 30 days and a year as 365.25, as extract(epoch) counts them.
// Absent for any other text.
[[nodiscard]] std::optional<double> to_number(std::string_view text);

// "{1,2.5,Infinity}"; absent when it is no flat array of numbers.
[[nodiscard]] std::optional<std::vector<double>> to_numbers(std::string_view array);

}  // namespace pgrepl::pg
