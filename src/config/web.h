// How the exporter is reached: the section `web` and its flags.
#pragma once

#include "config/config.h"
#include "config/sources.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::config {

struct ListenAddress {
  std::string host;  // empty: every address; an IPv6 address without its brackets
  std::uint16_t port = 0;

  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// "host:port", ":port", "[::1]:port"; absent for anything else. Port 0 lets the system choose.
[[nodiscard]] std::optional<ListenAddress> parse_listen_address(std::string_view text);

// A flag replaces what the section says.
[[nodiscard]] Web read_web(const yaml::Node& section, const Flags& flags, Errors& errors);

}  // namespace pgrepl::config
