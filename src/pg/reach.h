// Where a password may go, for servers that somebody else named: a discovery source, a request.
#pragma once

#include "pg/network.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::pg {

// A host as DNS and PostgreSQL know it: a name of letters, digits, '.', '-' and '_', or an IPv4 or
// IPv6 address. False for what libpq takes for more than one host or for something else: a path or
// '@' (Unix sockets), a comma, blanks, control characters, an empty text.
[[nodiscard]] bool is_host(std::string_view text);

// 169.254.0.0/16 and fe80::/10: cloud providers hand out credentials there, servers do not live
// there.
[[nodiscard]] bool is_link_local(const std::string& address);

// The network around an address that an administrator gave: its /16 (IPv4; 127.0.0.0/8 for
// loopback) or /64 (IPv6). Absent for what is no address.
[[nodiscard]] std::optional<Network> network_around(const std::string& address);

struct Reach {
  // Empty: everywhere but link-local addresses.
  std::vector<Network> networks{};

  // False for what is no address, so that a name has to be looked up first.
  [[nodiscard]] bool admits(const std::string& address) const;

  // Those of `addresses` that are admitted, in their order.
  [[nodiscard]] std::vector<std::string> admitted(std::span<const std::string> addresses) const;

  friend bool operator==(const Reach&, const Reach&) = default;
};

}  // namespace pgrepl::pg
