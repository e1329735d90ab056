// "http://host:port/path" as users write it.
#pragma once

#include "support/expected.h"

#include <cstdint>
#include <string>

namespace pgrepl::http {

struct Url {
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 80;
  std::string path;  // empty, or with a slash before and none behind

  // Plain HTTP only, without a login, a query or a fragment; the error says what is wrong.
  [[nodiscard]] static Expected<Url, std::string> parse(const std::string& text);

  friend bool operator==(const Url&, const Url&) = default;
};

}  // namespace pgrepl::http
