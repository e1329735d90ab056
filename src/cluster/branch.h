// Whether a server is on the branch of the WAL that its primary is on, by what is proven.
#pragma once

#include "cluster/memory.h"
#include "cluster/position.h"

#include <optional>
#include <string>

namespace pgrepl::cluster {

struct BranchVerdict {
  Relation relation = Relation::Unproven;
  std::string proof;  // a sentence, where it is another branch
};

// Where the primary is, or was last. Absent when none was ever seen.
[[nodiscard]] std::optional<Position> primary_position(const Memory& memory);

// A server is on another branch when it was certainly at a position of an older timeline that lies
// beyond where that timeline was left: by its receiver, its control file, or the segments in its
// pg_wal. A timeline that is merely not known yet proves nothing.
[[nodiscard]] BranchVerdict judge_branch(
    const ServerSample& sample, const ServerMemory& known, const Memory& memory
);

// Whether it holds WAL beyond the primary's end, by two readings of which the primary's is the
// later one.
[[nodiscard]] bool is_ahead(const ServerMemory& known, const Memory& memory);

}  // namespace pgrepl::cluster
