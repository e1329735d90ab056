// The page of one round, complete and immutable.
#pragma once

#include "cluster/sample.h"

#include <string>

namespace pgrepl {

struct Snapshot {
  std::string page{};     // Prometheus text format 0.0.4
  std::string mistake{};  // in what was asked for: there is no page then
  cluster::Instant taken;
};

}  // namespace pgrepl
