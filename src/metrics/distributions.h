// How the values of one column spread over its bounds, by label set: each row of a result is one
// observation. Counts go down as well as up from one result to the next, so that they are gauges.
#pragma once

#include "catalogue/query.h"
#include "exposition/family.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::metrics {

class Distributions {
 public:
  // The labels of all rows of a result have the same names in the same order.
  void observe(const catalogue::Column& column, const Labels& labels, double value);

  // Adds NAME_bucket, NAME_sum and NAME_count of all, and answers how many samples the families had
  // already.
  [[nodiscard]] std::size_t add_to(Families& families) const;

 private:
  struct Distribution {
    const catalogue::Column* column = nullptr;
    Labels labels{};
    std::vector<std::uint64_t> at_most;  // cumulative, in the order of the bounds
    double sum = 0;
    std::uint64_t count = 0;
  };

  std::map<std::pair<std::string, std::string>, Distribution> by_column_and_labels_;
};

}  // namespace pgrepl::metrics
