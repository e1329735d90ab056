#include "cluster/wal_history.h"

#include <algorithm>
#include <iterator>

namespace pgrepl::cluster {

namespace {

using Point = WalHistory::Point;

// Where between two neighbours a share of their distance lies.
Instant between(Instant from, Instant to, double share) {
  return from + std::chrono::duration_cast<Instant::duration>((to - from) * share);
}

// Removes points whose neighbours are closer than `share` of the point's age. The ends of a long
// plateau survive: their neighbours are far apart.
std::vector<Point> thinned(const std::vector<Point>& points, double share) {
  const Instant newest = points.back().at;
  std::vector<Point> kept;
  kept.reserve(WalHistory::kCapacity);
  kept.push_back(points.front());
  for (std::size_t i = 1; i + 1 < points.size(); ++i) {
    const auto age = newest - points[i].at;
    const auto gap = points[i + 1].at - kept.back().at;
    if (age < WalHistory::kFullResolution || gap > age * share) {
      kept.push_back(points[i]);
    }
  }
  kept.push_back(points.back());
  return kept;
}

}  // namespace

void WalHistory::note(pg::Lsn position, Instant at) {
  if (!points_.empty()) {
    if (at <= points_.back().at) {
      return;
    }
    if (position < points_.back().position) {
      start_timeline(position);
    }
  }
  const std::size_t size = points_.size();
  if (size >= 2 && points_[size - 1].position == position &&
      points_[size - 2].position == position) {
    points_.back().at = at;
    return;
  }
  if (size >= kCapacity) {
    thin();
  }
  points_.push_back({at, position});
}

void WalHistory::start_timeline(pg::Lsn switch_point) {
  const auto beyond = std::ranges::upper_bound(points_, switch_point, {}, &Point::position);
  points_.erase(beyond, points_.end());
}

void WalHistory::thin() {
  // 0.2 % of the age: a week behind is known to 20 minutes, a month fits four times over.
  for (double share = 0.002; points_.size() > kCapacity * 3 / 4 && share < 1; share *= 2) {
    points_ = thinned(points_, share);
  }
  if (points_.size() >= kCapacity) {
    points_.erase(points_.begin(), points_.begin() + kCapacity / 4);
  }
}

std::optional<PassedAt> WalHistory::passed_at(pg::Lsn position) const {
  const auto next = std::ranges::upper_bound(points_, position, {}, &Point::position);
  if (next == points_.begin()) {
    return std::nullopt;
  }
  const Point& before = *std::prev(next);
  if (next == points_.end()) {
    return PassedAt{before.at, before.at, before.at};
  }
  const auto done = static_cast<double>(pg::bytes_between(before.position, position));
  const auto whole = static_cast<double>(pg::bytes_between(before.position, next->position));
  return PassedAt{before.at, next->at, between(before.at, next->at, done / whole)};
}

std::optional<double> WalHistory::position_at(Instant at) const {
  const auto next = std::ranges::lower_bound(points_, at, {}, &Point::at);
  if (next == points_.end()) {
    return std::nullopt;
  }
  const auto next_position = static_cast<double>(next->position.bytes());
  if (next->at == at) {
    return next_position;
  }
  if (next == points_.begin()) {
    return std::nullopt;
  }
  const Point& before = *std::prev(next);
  const double share = Seconds{at - before.at} / Seconds{next->at - before.at};
  const auto from = static_cast<double>(before.position.bytes());
  return from + (next_position - from) * share;
}

std::optional<double> WalHistory::bytes_per_second(Seconds window) const {
  if (points_.size() < 2) {
    return std::nullopt;
  }
  const Point& last = points_.back();
  const Instant from =
      std::max(points_.front().at, last.at - std::chrono::duration_cast<Instant::duration>(window));
  const auto start = position_at(from);
  if (!start) {
    return std::nullopt;
  }
  return (static_cast<double>(last.position.bytes()) - *start) / Seconds{last.at - from}.count();
}

std::optional<Point> WalHistory::newest() const {
  return points_.empty() ? std::nullopt : std::optional{points_.back()};
}

std::optional<Point> WalHistory::oldest() const {
  return points_.empty() ? std::nullopt : std::optional{points_.front()};
}

}  // namespace pgrepl::cluster
