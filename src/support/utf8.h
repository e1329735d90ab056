// Texts from servers whose encoding is not ours to choose, for formats that are UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pgrepl {

[[nodiscard]] bool is_ascii(std::string_view text);

// Replaces every byte that belongs to no well-formed sequence by U+FFFD.
void make_utf8(std::string& text);

// The same, and no longer than `most` bytes: what is cut off leaves "…" and no half character.
void make_bounded_utf8(std::string& text, std::size_t most);

}  // namespace pgrepl
