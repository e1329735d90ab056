// Text on its way into HTML.
#pragma once

#include <string>
#include <string_view>

namespace pgrepl::pages {

// For element content and for attributes in double quotes. Control characters, which could not be
// seen, become a replacement sign.
[[nodiscard]] std::string escape_html(std::string_view text);

// A name that others chose: escaped, and kept from turning the direction of what stands around it.
[[nodiscard]] std::string foreign_text(std::string_view text);

}  // namespace pgrepl::pages
