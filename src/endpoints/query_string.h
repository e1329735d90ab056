// The part of a URL after '?'.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::http {

// The first value of this name, decoded; absent when there is none. "a=1&b=x%20y" has b "x y".
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);

// All its values, in their order.
[[nodiscard]] std::vector<std::string> query_values(std::string_view query, std::string_view name);

}  // namespace pgrepl::http
