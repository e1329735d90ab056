// Patterns of names: * stands for any text, everything else for itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgrepl {

[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

// Whether one of them does.
[[nodiscard]] bool matches_any(const std::vector<std::string>& patterns, std::string_view text);

}  // namespace pgrepl
