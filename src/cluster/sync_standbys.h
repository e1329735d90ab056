// synchronous_standby_names and whether what it asks for is there (manual, "Synchronous
// Replication": FIRST n (…), ANY n (…), n (…), a plain list, *, quoted names).
#pragma once

#include "cluster/sample.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::cluster {

enum class SyncMethod : std::uint8_t { First, Any };

struct SyncStandbyNames {
  SyncMethod method = SyncMethod::First;
  std::size_t required = 0;        // how many standbys must confirm a commit
  std::vector<std::string> names;  // "*" stands for every standby; unquoted ones in lower case

  friend bool operator==(const SyncStandbyNames&, const SyncStandbyNames&) = default;
};

// Absent for what the server would refuse. Empty text asks for nothing.
[[nodiscard]] std::optional<SyncStandbyNames> parse_sync_standby_names(std::string_view text);

// WAL senders whose standby takes part in synchronous commits now. A logical consumer may take part
// too, but is no standby.
[[nodiscard]] std::size_t count_sync_standbys(std::span<const WalSender> senders);

}  // namespace pgrepl::cluster
