// Compression of what HTTP clients accept compressed.
#pragma once

#include <string>
#include <string_view>

namespace pgrepl {

// RFC 1952. Empty when there is no memory for it.
[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace pgrepl
