// Texts from servers whose encoding is not ours to choose, for formats that are UTF-8.
#pragma once

#include <string>

namespace pgrepl {

// Replaces every byte that belongs to no well-formed sequence by U+FFFD.
void make_utf8(std::string& text);

}  // namespace pgrepl
