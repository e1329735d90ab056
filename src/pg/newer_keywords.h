// Keywords of a conninfo string that not every supported libpq knows.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::pg {

struct NewerKeyword {
  std::string_view keyword;
  int since;  // the major version of libpq that brought it
};

// Those that libpq 15 lacks and that an exporter has a use for (PostgreSQL 18, manual "Parameter
// Key Words"; the versions are those of the release notes).
inline constexpr std::array<NewerKeyword, 5> kNewerKeywords{{
    {"max_protocol_version", 18},
    {"min_protocol_version", 18},
    {"require_auth", 16},
    {"sslcertmode", 16},
    {"sslnegotiation", 17},
}};

// The major version of libpq that brought this keyword. Absent when libpq 15 knows it, and when
// none does.
[[nodiscard]] std::optional<int> libpq_that_brought(std::string_view keyword);

// "needs libpq 16 or newer; pg_replication_exporter --version names the one that runs here": what a
// user is told who gives such a keyword to an older libpq.
[[nodiscard]] std::string needs_newer_libpq(int since);

}  // namespace pgrepl::pg
