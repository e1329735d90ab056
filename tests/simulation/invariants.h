// The makers of all invariants.
#pragma once

#include "simulation/invariant.h"

namespace pgrepl::simulation {

[[nodiscard]] std::unique_ptr<Invariant> lag_is_true();            // I1
[[nodiscard]] std::unique_ptr<Invariant> lag_is_kept();            // I2
[[nodiscard]] std::unique_ptr<Invariant> up_is_true();             // I3
[[nodiscard]] std::unique_ptr<Invariant> failovers_are_counted();  // I4
[[nodiscard]] std::unique_ptr<Invariant> claims_are_true();        // I4
[[nodiscard]] std::unique_ptr<Invariant> pages_end();              // I5
[[nodiscard]] std::unique_ptr<Invariant> nothing_is_stale();       // I5
[[nodiscard]] std::unique_ptr<Invariant> connections_are_few();    // I6
[[nodiscard]] std::unique_ptr<Invariant> picture_is_the_world();   // I7
[[nodiscard]] std::unique_ptr<Invariant> events_are_changes();     // I8
[[nodiscard]] std::unique_ptr<Invariant> nothing_grows();          // I9
[[nodiscard]] std::unique_ptr<Invariant> somebody_observes();      // I10

}  // namespace pgrepl::simulation
