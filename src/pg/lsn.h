// A position in the write-ahead log (PostgreSQL 13-18, manual section "pg_lsn Type").
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::pg {

class Lsn {
 public:
  constexpr Lsn() = default;

  constexpr explicit Lsn(std::uint64_t bytes) : bytes_(bytes) {}

  // "16/B374D848"; absent for anything else, for the server's invalid "0/0" too.
  [[nodiscard]] static std::optional<Lsn> parse(std::string_view text);

  // Bytes of WAL since the beginning of the cluster's first segment.
  [[nodiscard]] constexpr std::uint64_t bytes() const { return bytes_; }

  friend constexpr auto operator<=>(Lsn, Lsn) = default;

 private:
  std::uint64_t bytes_ = 0;
};

// Bytes from `behind` up to `ahead`; 0 when `behind` is not behind.
[[nodiscard]] constexpr std::uint64_t bytes_between(Lsn behind, Lsn ahead) {
  return behind < ahead ? ahead.bytes() - behind.bytes() : 0;
}

[[nodiscard]] std::string to_string(Lsn lsn);

}  // namespace pgrepl::pg
