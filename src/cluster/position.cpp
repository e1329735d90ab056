#include "cluster/position.h"

#include <algorithm>

namespace pgrepl::cluster {

namespace {

bool is_exact(const SwitchPoint& point) {
  return point.at_least == point.at_most;
}

// What a switch point says of an LSN on the timeline that was left there.
Relation before_or_beyond(pg::Lsn lsn, const SwitchPoint& left) {
  if (lsn > left.at_most) {
    return Relation::OtherBranch;
  }
  return left.at_least && lsn <= *left.at_least ? Relation::SameBranch : Relation::Unproven;
}

}  // namespace

void Timelines::note(pg::TimelineId timeline, SwitchPoint seen) {
  const auto known = beginnings_.find(timeline);
  if (known == beginnings_.end()) {
    beginnings_.emplace(timeline, seen);
    if (beginnings_.size() > kMost) {
      beginnings_.erase(beginnings_.begin());
    }
    return;
  }
  SwitchPoint& point = known->second;
  if (is_exact(seen)) {
    seen.parent = seen.parent ? seen.parent : point.parent;
    point = seen;
    return;
  }
  point.at_most = std::min(point.at_most, seen.at_most);
  point.at_least = std::max(point.at_least, seen.at_least);
  point.parent = point.parent ? point.parent : seen.parent;
}

void Timelines::withdraw_after(pg::TimelineId newest) {
  beginnings_.erase(beginnings_.upper_bound(newest), beginnings_.end());
}

std::optional<SwitchPoint> Timelines::beginning_of(pg::TimelineId timeline) const {
  const auto found = beginnings_.find(timeline);
  return found == beginnings_.end() ? std::nullopt : std::optional{found->second};
}

Relation Timelines::relate(const Position& place, const Position& reference) const {
  if (place.system && reference.system && place.system != reference.system) {
    return Relation::OtherBranch;
  }
  if (!place.timeline || !reference.timeline) {
    return Relation::Unproven;
  }
  if (place.timeline == reference.timeline) {
    return Relation::SameBranch;
  }
  return place.timeline < reference.timeline ? relate_older(place, reference)
                                             : relate_older(reference, place);
}

// Walks from the newer timeline down to the older one. A timeline whose parent was not seen is
// taken to have left the older one; then nothing is proven but that an LSN lies beyond.
Relation Timelines::relate_older(const Position& older, const Position& newer) const {
  pg::TimelineId at = *newer.timeline;
  while (true) {
    const auto found = beginnings_.find(at);
    if (found == beginnings_.end()) {
      return Relation::Unproven;
    }
    const SwitchPoint& left = found->second;
    if (!left.parent) {
      return older.lsn > left.at_most ? Relation::OtherBranch : Relation::Unproven;
    }
    if (*left.parent == *older.timeline) {
      return before_or_beyond(older.lsn, left);
    }
    if (*left.parent < *older.timeline) {
      // The older timeline is no ancestor. Up to where it began itself, both are one.
      const auto own = beginnings_.find(*older.timeline);
      const bool beyond = own != beginnings_.end() && older.lsn > own->second.at_most;
      return beyond ? Relation::OtherBranch : Relation::Unproven;
    }
    at = *left.parent;
  }
}

std::optional<std::int64_t> distance(
    const Position& behind, const Position& ahead, const Timelines& timelines
) {
  if (timelines.relate(behind, ahead) == Relation::OtherBranch) {
    return std::nullopt;
  }
  const auto forward = static_cast<std::int64_t>(pg::bytes_between(behind.lsn, ahead.lsn));
  const auto backward = static_cast<std::int64_t>(pg::bytes_between(ahead.lsn, behind.lsn));
  return forward - backward;
}

}  // namespace pgrepl::cluster
