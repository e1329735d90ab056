#include "catalogue/semver.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>

namespace pgrepl::catalogue {

namespace {

// "13", "13.4", "13.4.0", "9.6.x"
std::optional<int> version_number(std::string_view text) {
  std::array<int, 3> parts{};
  std::size_t count = 0;
  while (!text.empty()) {
    if (count == parts.size()) {
      return std::nullopt;
    }
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view part = text.substr(0, dot);
    if (part != "x" && part != "*") {
      const auto [end, problem] =
          std::from_chars(part.data(), part.data() + part.size(), parts.at(count));
      // No release will ever have a number of five digits.
      constexpr int kMost = 9999;
      if (problem != std::errc{} || end != part.data() + part.size() || parts.at(count) > kMost ||
          parts.at(count) < 0) {
        return std::nullopt;
      }
    }
    ++count;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  if (count == 0) {
    return std::nullopt;
  }
  return parts[0] >= 10 ? parts[0] * 10000 + parts[1]
                        : parts[0] * 10000 + parts[1] * 100 + parts[2];
}

void narrow_before(VersionSpan& span, int before) {
  span.before = std::min(span.before.value_or(before), before);
}

bool narrow_by(VersionSpan& span, std::string_view comparison) {
  const std::size_t digits = comparison.find_first_of("0123456789");
  if (digits == std::string_view::npos) {
    return false;
  }
  const std::string_view sign = comparison.substr(0, digits);
  const auto version = version_number(comparison.substr(digits));
  if (!version) {
    return false;
  }
  if (sign == ">=") {
    span.from = std::max(span.from, *version);
  } else if (sign == ">") {
    span.from = std::max(span.from, *version + 1);
  } else if (sign == "<") {
    narrow_before(span, *version);
  } else if (sign == "<=") {
    narrow_before(span, *version + 1);
  } else if (sign.empty() || sign == "=" || sign == "==") {
    span.from = std::max(span.from, *version);
    narrow_before(span, *version + 1);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::optional<VersionSpan> parse_semver_range(std::string_view text) {
  VersionSpan span;
  bool any = false;
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(begin);
    // A blank may stand between the sign and the number.
    const std::size_t number = std::min(text.find_first_of("0123456789"), text.size());
    const std::size_t end = std::min(text.find(' ', number), text.size());
    std::string comparison{text.substr(0, end)};
    std::erase(comparison, ' ');
    text.remove_prefix(end);
    if (comparison.empty()) {
      continue;
    }
    if (!narrow_by(span, comparison)) {
      return std::nullopt;
    }
    any = true;
  }
  return any ? std::optional{span} : std::nullopt;
}

}  // namespace pgrepl::catalogue
