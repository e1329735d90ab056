// Where a server listens: host and port, as PostgreSQL and its users write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::pg {

struct Endpoint {
  std::string host;  // a name, an address without brackets, or a directory of Unix sockets
  std::uint16_t port = 5432;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// "host:port"; an IPv6 address in brackets.
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

// Reads "host:port", "[IPv6 address]:port" and ":port", the last with an empty host. Whether an
// empty host or port 0 means something is for the caller to say. Absent for any other text: without
// a port, with an IPv6 address outside of brackets, or with a character that no host has.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text);

// A number from 0 to 65535 in decimal digits; absent for any other text.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text);

}  // namespace pgrepl::pg
