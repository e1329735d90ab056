#include "endpoints/query_string.h"

#include <charconv>
#include <utility>

namespace pgrepl::http {

namespace {

std::string decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const char* const digits = text.data() + i + 1;
      const auto [end, problem] = std::from_chars(digits, digits + 2, value, 16);
      if (problem == std::errc{} && end == digits + 2) {
        decoded += static_cast<char>(value);
        i += 2;
        continue;
      }
    }
    decoded += text[i] == '+' ? ' ' : text[i];
  }
  return decoded;
}

}  // namespace

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  auto values = query_values(query, name);
  return values.empty() ? std::nullopt : std::optional{std::move(values.front())};
}

std::vector<std::string> query_values(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (decode(pair.substr(0, equals)) == name) {
      values.push_back(
          equals == std::string_view::npos ? std::string{} : decode(pair.substr(equals + 1))
      );
    }
  }
  return values;
}

}  // namespace pgrepl::http
