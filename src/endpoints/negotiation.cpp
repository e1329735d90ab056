#include "endpoints/negotiation.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace pgrepl::http {

namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// What stands before the next `separator`, without blanks; taken out of `text`.
std::string_view take(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return trim(part);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

struct Choice {
  std::string_view name;
  std::string_view version;
  double quality = 1;
};

// "application/openmetrics-text; version=1.0.0; q=0.75"
Choice parse(std::string_view text) {
  Choice choice{.name = take(text, ';'), .version = {}};
  while (!text.empty()) {
    std::string_view parameter = take(text, ';');
    const std::string_view name = take(parameter, '=');
    std::string_view value = trim(parameter);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    if (equal_ignoring_case(name, "version")) {
      choice.version = value;
    } else if (equal_ignoring_case(name, "q")) {
      const auto result =
          std::from_chars(value.data(), value.data() + value.size(), choice.quality);
      choice.quality = result.ec == std::errc{} ? choice.quality : 0;
    }
  }
  return choice;
}

}  // namespace

ExpositionFormat exposition_format(std::string_view accept) {
  double openmetrics = 0;
  double text = 0;
  while (!accept.empty()) {
    const Choice choice = parse(take(accept, ','));
    if (equal_ignoring_case(choice.name, "application/openmetrics-text") &&
        (choice.version.empty() || choice.version == "1.0.0")) {
      openmetrics = std::max(openmetrics, choice.quality);
    }
    if (equal_ignoring_case(choice.name, "text/plain")) {
      text = std::max(text, choice.quality);
    }
  }
  return openmetrics > 0 && openmetrics >= text ? ExpositionFormat::OpenMetrics
                                                : ExpositionFormat::Text;
}

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const Choice choice = parse(take(accept_encoding, ','));
    if (equal_ignoring_case(choice.name, "gzip")) {
      return choice.quality > 0;
    }
  }
  return false;
}

}  // namespace pgrepl::http
