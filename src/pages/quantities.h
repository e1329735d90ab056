// Quantities as people read them. Absent ones are a dash.
#pragma once

#include "cluster/sample.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pgrepl::pages {

// "0 s", "340 ms", "2.5 s", "3 min 20 s", "4 h 5 min", "12 d 3 h"; "never" when infinite.
[[nodiscard]] std::string format_time(const std::optional<cluster::Seconds>& time);

// "0 B", "512 B", "1.5 kB", "16 MB": PostgreSQL's units, of 1024.
[[nodiscard]] std::string format_bytes(const std::optional<std::uint64_t>& bytes);

// RFC 3339 in UTC with milliseconds: "2026-11-21T08:51:02.123Z".
[[nodiscard]] std::string format_timestamp(double epoch_seconds);

// What load balancers' checks ask for: "16MB", "512kB", "1024"; PostgreSQL's units. Absent for
// anything else.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(const std::string& text);

}  // namespace pgrepl::pages
