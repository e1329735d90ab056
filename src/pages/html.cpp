#include "pages/html.h"

namespace pgrepl::pages {

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else if (c == '\'') {
      escaped += "&#39;";
    } else if (c == '\n' || c == '\t') {
      escaped += ' ';
    } else if (code < 0x20 || code == 0x7f) {
      escaped += "&#xfffd;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string foreign_text(std::string_view text) {
  return "<bdi>" + escape_html(text) + "</bdi>";
}

}  // namespace pgrepl::pages
