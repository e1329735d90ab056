// The evidence for what is said of a standby, as a sentence for people.
#pragma once

#include "cluster/standby.h"

#include <string>

namespace pgrepl::cluster {

// `branch_proof` is that of judge_branch(). Names positions, timelines and servers; ends without a
// full stop.
[[nodiscard]] std::string prove_state(
    const StandbyView& view, const Standby& standby, const std::string& branch_proof
);

// The name of the segment file that begins at `position`, without its timeline:
// "0000000A000000FF".
[[nodiscard]] std::string segment_name(pg::Lsn position, std::uint64_t segment_bytes);

}  // namespace pgrepl::cluster
