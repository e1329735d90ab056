#include "cluster/activity.h"

namespace pgrepl::cluster {

namespace {

constexpr std::chrono::seconds kWindow{60};
// Somebody who scrapes many times a second must not make us keep as many readings.
constexpr std::chrono::seconds kSpacing{5};

bool fell(const DatabaseTotals& before, const DatabaseTotals& after) {
  return after.transactions < before.transactions || after.blocks_hit < before.blocks_hit ||
         after.blocks_read < before.blocks_read;
}

}  // namespace

void ActivityHistory::note(const DatabaseTotals& totals) {
  if (!readings_.empty() && readings_.back().read_at == totals.read_at) {
    return;
  }
  if (!readings_.empty() && fell(readings_.back(), totals)) {
    readings_.clear();
  }
  // The newest reading moves on until it stands apart from the one before it.
  if (readings_.size() >= 2 &&
      totals.read_at - readings_[readings_.size() - 2].read_at < kSpacing) {
    readings_.back() = totals;
  } else {
    readings_.push_back(totals);
  }
  while (readings_.size() > 2 && totals.read_at - readings_[1].read_at >= kWindow) {
    readings_.erase(readings_.begin());
  }
}

RecentActivity ActivityHistory::last_minute() const {
  if (readings_.size() < 2 || readings_.back().read_at <= readings_.front().read_at) {
    return {};
  }
  const DatabaseTotals& then = readings_.front();
  const DatabaseTotals& now = readings_.back();
  const double hit = now.blocks_hit - then.blocks_hit;
  const double asked = hit + now.blocks_read - then.blocks_read;
  return {
      .transactions_per_second =
          (now.transactions - then.transactions) / Seconds{now.read_at - then.read_at}.count(),
      .cache_hit_ratio = asked > 0 ? std::optional{hit / asked} : std::nullopt,
  };
}

}  // namespace pgrepl::cluster
