// PostgreSQL's version as server_version_num, and ranges of major versions.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::pg {

inline constexpr int kOldestMajor = 13;
inline constexpr int kNewestMajor = 18;

struct ServerVersion {
  int number = 0;  // e.g. 150008

  [[nodiscard]] constexpr int major() const { return number / 10000; }

  [[nodiscard]] constexpr int minor() const { return number % 10000; }

  friend constexpr auto operator<=>(ServerVersion, ServerVersion) = default;
};

// "15.8"
[[nodiscard]] std::string to_string(ServerVersion version);

// Why a server of this version cannot be watched, as a sentence for people; absent when it can. A
// connection without a readable version has the number 0.
[[nodiscard]] std::optional<std::string> why_unsupported(ServerVersion version);

// Majors from `first` to `last`, both included.
struct VersionRange {
  int first = kOldestMajor;
  int last = 999;  // no upper bound: a later major is served like the newest one

  // ">= 17", "< 17", "13 .. 16", "15"; absent for anything else.
  [[nodiscard]] static std::optional<VersionRange> parse(std::string_view text);

  [[nodiscard]] constexpr bool contains(ServerVersion version) const {
    return first <= version.major() && version.major() <= last;
  }

  friend constexpr bool operator==(VersionRange, VersionRange) = default;
};

}  // namespace pgrepl::pg
