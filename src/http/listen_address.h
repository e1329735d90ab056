// "host:port" as users write it.
#pragma once

#include "support/expected.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace pgrepl::http {

struct ListenAddress {
  std::string host;  // empty: every interface; an IPv6 address without its brackets
  std::uint16_t port = 0;

  // ":9187", "127.0.0.1:9187", "[::1]:9187", "localhost:9187"; an error that names the text.
  [[nodiscard]] static Expected<ListenAddress, std::string> parse(std::string_view text);

  [[nodiscard]] bool is_ipv6() const { return host.find(':') != std::string::npos; }

  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

}  // namespace pgrepl::http
