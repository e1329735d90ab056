// What pollers run, as one value that a reload replaces as a whole.
#pragma once

#include "catalogue/query.h"
#include "catalogue/select.h"

#include <cstddef>
#include <memory>

namespace pgrepl::sampling {

struct Queries {
  catalogue::Catalogue catalogue;
  catalogue::Switches switches;
  std::size_t most_series = 50'000;  // of one server: a query that brings more than is left fails
};

// Shared, because what a poller has collected points into its queries, and it changes over to new
// ones only between its rounds.
using SharedQueries = std::shared_ptr<const Queries>;

}  // namespace pgrepl::sampling
