// The statements of one round over one connection: what is due, in the surroundings it needs.
#pragma once

#include "catalogue/select.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace pgrepl::catalogue {

struct Batch {
  std::vector<pg::Statement> statements;
  std::vector<std::size_t> places;  // where the result of each due query will be
};

// `first` goes first, unchanged. Queries that look into `public` come last. A
// query with a timeout of its own has it set before and that of all statements set again after it;
// all that costs no round trip, since a batch is one.
[[nodiscard]] Batch make_batch(
    const pg::Statement& first,
    const std::vector<DueQuery>& due,
    std::chrono::milliseconds statement_timeout
);

// The predicates whose answers are not known at `now`, in the same surroundings.
[[nodiscard]] Batch make_predicate_batch(const std::vector<std::string>& predicates);

}  // namespace pgrepl::catalogue
