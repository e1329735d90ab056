// What a server has done over the last minute, from counters that rounds read.
#pragma once

#include "cluster/sample.h"

#include <optional>
#include <vector>

namespace pgrepl::cluster {

// Both are absent with less than two readings since the counters last fell, as they do by a reset.
struct RecentActivity {
  std::optional<double> transactions_per_second;
  std::optional<double> cache_hit_ratio;  // of the blocks asked for; absent when none was
};

class ActivityHistory {
 public:
  // The same reading may be given again; it counts once.
  void note(const DatabaseTotals& totals);
  // Between the newest reading and the last one that is a minute older, or the oldest there is.
  [[nodiscard]] RecentActivity last_minute() const;

 private:
  std::vector<DatabaseTotals> readings_;  // about a dozen
};

}  // namespace pgrepl::cluster
