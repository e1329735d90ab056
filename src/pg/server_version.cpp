#include "pg/server_version.h"

#include <charconv>

namespace pgrepl::pg {

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<int> parse_major(std::string_view text) {
  text = trimmed(text);
  int major = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, major);
  if (text.empty() || problem != std::errc{} || stopped != end || major < 1 || major > 998) {
    return std::nullopt;
  }
  return major;
}

}  // namespace

std::string to_string(ServerVersion version) {
  return std::to_string(version.major()) + '.' + std::to_string(version.minor());
}

std::optional<std::string> why_unsupported(ServerVersion version) {
  if (version.number <= 0) {
    return "the server does not say which version of PostgreSQL it is";
  }
  if (version.major() < kOldestMajor) {
    return "PostgreSQL " + to_string(version) +
           " is not supported; the oldest that is: " + std::to_string(kOldestMajor);
  }
  return std::nullopt;
}

std::optional<VersionRange> VersionRange::parse(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with(">=")) {
    const auto first = parse_major(text.substr(2));
    return first ? std::optional{VersionRange{.first = *first}} : std::nullopt;
  }
  if (text.starts_with('<')) {
    const auto beyond = parse_major(text.substr(1));
    return beyond ? std::optional{VersionRange{.last = *beyond - 1}} : std::nullopt;
  }
  if (const std::size_t dots = text.find(".."); dots != std::string_view::npos) {
    const auto first = parse_major(text.substr(0, dots));
    const auto last = parse_major(text.substr(dots + 2));
    return first && last && *first <= *last
               ? std::optional{VersionRange{.first = *first, .last = *last}}
               : std::nullopt;
  }
  const auto only = parse_major(text);
  return only ? std::optional{VersionRange{.first = *only, .last = *only}} : std::nullopt;
}

}  // namespace pgrepl::pg
