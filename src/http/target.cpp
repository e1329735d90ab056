#include "http/target.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace pgrepl::http {

namespace {

// A '%' without two hexadecimal digits stands for itself.
std::string decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      decoded += static_cast<char>(value);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace

std::string path_of(std::string_view target) {
  std::string decoded = decode(target.substr(0, target.find('?')));
  std::ranges::replace(decoded, '\\', '/');
  std::string_view rest = decoded;
  std::vector<std::string_view> segments;
  bool ends_with_slash = true;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    const bool is_dots = segment == "." || segment == "..";
    ends_with_slash = slash != std::string_view::npos || is_dots;
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    if (segment == ".." && !segments.empty()) {
      segments.pop_back();
    } else if (!segment.empty() && !is_dots) {
      segments.push_back(segment);
    }
  }
  std::string path;
  for (const std::string_view segment : segments) {
    path.append("/").append(segment);
  }
  return path.empty() || ends_with_slash ? path + '/' : path;
}

std::string_view query_of(std::string_view target) {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

}  // namespace pgrepl::http
