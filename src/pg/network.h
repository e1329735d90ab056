// Networks in CIDR notation, as in pg_hba.conf: which addresses belong to them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::pg {

class Network {
 public:
  // "10.0.0.0/8", "2001:db8::/32"; an address alone is a network of one. Absent for anything else,
  // names and prefixes that are too long among them.
  [[nodiscard]] static std::optional<Network> parse(std::string_view text);

  // False for what is no address, and for one of the other family.
  [[nodiscard]] bool contains(const std::string& address) const;

  friend bool operator==(const Network&, const Network&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  int family_ = 0;
  unsigned prefix_ = 0;  // in bits
};

}  // namespace pgrepl::pg
