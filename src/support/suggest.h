// "Did you mean …?" for misspelt names.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pgrepl {

// The candidate closest to `word` by edit distance; absent when none is close enough to be a typo.
[[nodiscard]] std::optional<std::string> closest(
    std::string_view word, std::span<const std::string_view> candidates
);

}  // namespace pgrepl
