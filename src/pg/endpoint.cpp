#include "pg/endpoint.h"

#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

namespace pgrepl::pg {

namespace {

// The host without its brackets; absent when it can be none. civetweb gives '+' and ',' a meaning
// of their own.
std::optional<std::string> parse_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']') && text.find(':') != std::string_view::npos) {
    text = text.substr(1, text.size() - 2);
    constexpr std::string_view kNotInBrackets = "[]/,+@ \t\r\n";
    return text.find_first_of(kNotInBrackets) == std::string_view::npos
               ? std::optional{std::string{text}}
               : std::nullopt;
  }
  constexpr std::string_view kNotInAName = ":[]/,+@ \t\r\n";
  return text.find_first_of(kNotInAName) == std::string_view::npos
             ? std::optional{std::string{text}}
             : std::nullopt;
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  const bool is_ipv6 = endpoint.host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? '[' + endpoint.host + ']' : endpoint.host;
  return host + ':' + std::to_string(endpoint.port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  auto host = parse_host(text.substr(0, colon));
  const auto port = parse_port(text.substr(colon + 1));
  return host && port ? std::optional{Endpoint{.host = std::move(*host), .port = *port}}
                      : std::nullopt;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, port);
  return problem == std::errc{} && stopped == end ? std::optional{port} : std::nullopt;
}

}  // namespace pgrepl::pg
