// Text from strangers for a terminal or a log: it shows, and does nothing else.
#pragma once

#include <string>
#include <string_view>

namespace pgrepl {

// Whether `text` is well-formed UTF-8 without any of these: control characters (C0 with tab and
// line break, DEL, C1), separators of lines and paragraphs, marks and overrides that turn the
// direction of text, invisible format characters. A log may write such a text as it is; any other
// it writes as JSON with everything beyond ASCII escaped.
[[nodiscard]] bool is_printable(std::string_view text);

// The same text with '?' in place of each such character, and U+FFFD in place of each byte that
// belongs to no well-formed sequence. Joiners and variation selectors stay: scripts need them.
[[nodiscard]] std::string printable(std::string_view text);

// The same for a text of several lines: line breaks stay.
[[nodiscard]] std::string printable_lines(std::string_view text);

}  // namespace pgrepl
