// What would be lost: if the primary died now, and if it had to be restored from its archive.
#pragma once

#include "cluster/lag.h"

#include <optional>
#include <string_view>

namespace pgrepl::cluster {

struct Exposure {
  std::optional<std::uint64_t> bytes;
  std::optional<Seconds> time;

  friend bool operator==(const Exposure&, const Exposure&) = default;
};

// Everything the primary has written beyond `safe` and how old the oldest of it is; nothing when
// there is nothing beyond. Absent when `safe` is.
[[nodiscard]] Exposure measure_exposure(
    std::optional<pg::Lsn> safe,
    const PrimaryReading& primary,
    const WalHistory& history,
    Instant now
);

// Where a WAL segment file ends: "000000010000000A000000FF" and its segment size in bytes. The
// label of a base backup stands for the segment in which the backup began. Absent for other files
// of the archive (history files, partial segments).
[[nodiscard]] std::optional<pg::Lsn> segment_end(
    std::string_view file_name, std::uint64_t segment_bytes
);

}  // namespace pgrepl::cluster
