// What a client says it accepts.
#pragma once

#include <cstdint>
#include <string_view>

namespace pgrepl::http {

enum class ExpositionFormat : std::uint8_t { Text, OpenMetrics };

// From the header Accept. OpenMetrics only for those who name its version 1.0.0 and do not prefer
// text/plain; a wildcard gets text, which everybody reads.
[[nodiscard]] ExpositionFormat exposition_format(std::string_view accept);

// From the header Accept-Encoding.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

}  // namespace pgrepl::http
