// An address that applications use, and what it must lead to.
#pragma once

#include "pg/conninfo.h"

#include <cstdint>
#include <string>

namespace pgrepl::config {

enum class Expect : std::uint8_t { Primary, Standby, Any };

struct Endpoint {
  std::string name;  // "host:port" when the user gave none; unique in its cluster
  pg::ConnInfo conninfo;
  Expect expect = Expect::Primary;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace pgrepl::config
