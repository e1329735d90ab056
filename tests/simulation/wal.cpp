#include "simulation/wal.h"

#include <algorithm>

namespace pgrepl::simulation {

BranchId Wal::begin(std::uint64_t system_identifier, std::uint64_t lsn, Instant at) {
  Branch first{.parent = {}, .system_identifier = system_identifier, .timeline = 1, .start = lsn};
  first.points.push_back({at, lsn});
  branches_.push_back(std::move(first));
  return branches_.size() - 1;
}

BranchId Wal::fork(Position from, std::uint32_t timeline, Instant at) {
  Branch next{
      .parent = from.branch,
      .system_identifier = branches_.at(from.branch).system_identifier,
      .timeline = timeline,
      .start = from.lsn,
  };
  next.points.push_back({at, from.lsn});
  branches_.push_back(std::move(next));
  return branches_.size() - 1;
}

void Wal::append(BranchId branch, std::uint64_t lsn, Instant at) {
  branches_.at(branch).points.push_back({at, lsn});
}

void Wal::cut(BranchId branch, std::uint64_t lsn) {
  auto& points = branches_.at(branch).points;
  while (points.size() > 1 && points.back().lsn > lsn) {
    points.pop_back();
  }
}

std::vector<Wal::Part> Wal::line_to(Position end) const {
  std::vector<Part> line{{end.branch, end.lsn}};
  while (branches_.at(line.back().branch).parent) {
    const Branch& child = branches_.at(line.back().branch);
    line.push_back({*child.parent, child.start});
  }
  std::ranges::reverse(line);
  return line;
}

std::uint32_t Wal::highest_timeline(std::uint64_t system_identifier) const {
  std::uint32_t highest = 0;
  for (const Branch& branch : branches_) {
    if (branch.system_identifier == system_identifier) {
      highest = std::max(highest, branch.timeline);
    }
  }
  return highest;
}

bool Wal::contains(Position end, Position position) const {
  // From the position down to the root: each part must be on the line, up to where it is used.
  const auto line = line_to(end);
  std::uint64_t used = position.lsn;
  for (std::optional<BranchId> at = position.branch; at;) {
    const Branch& branch = branches_.at(*at);
    const auto part = std::ranges::find(line, *at, &Part::branch);
    if (part != line.end()) {
      return used <= part->limit;
    }
    // Nothing of this branch is used by who stands where it begins.
    if (used > branch.start) {
      return false;
    }
    at = branch.parent;
  }
  return false;
}

BranchId Wal::branch_at(Position end, std::uint64_t lsn) const {
  BranchId found = end.branch;
  for (const Part& part : line_to(end)) {
    if (branches_.at(part.branch).start <= lsn) {
      found = part.branch;
    }
  }
  return found;
}

std::optional<Instant> Wal::passed_at(Position end, Position position, Instant now) const {
  for (const Part& part : line_to(end)) {
    if (part.limit <= position.lsn) {
      continue;
    }
    const auto& points = branches_.at(part.branch).points;
    const auto first = std::ranges::upper_bound(points, position.lsn, {}, &Branch::Point::lsn);
    if (first != points.end() && first->at <= now) {
      return first->at;
    }
  }
  return std::nullopt;
}

Seconds Wal::lag(Position end, Position position, Instant now) const {
  const auto since = passed_at(end, position, now);
  return since ? Seconds{now - *since} : Seconds::zero();
}

std::optional<Instant> Wal::last_commit(Position position) const {
  std::optional<Instant> last;
  for (const Part& part : line_to(position)) {
    const auto& points = branches_.at(part.branch).points;
    const std::uint64_t limit = std::min(part.limit, position.lsn);
    const auto beyond = std::ranges::upper_bound(points, limit, {}, &Branch::Point::lsn);
    if (beyond != points.begin()) {
      last = std::prev(beyond)->at;
    }
  }
  return last;
}

std::uint64_t Wal::lsn_at(Position end, Instant at) const {
  std::uint64_t lsn = 0;
  for (const Part& part : line_to(end)) {
    const auto& points = branches_.at(part.branch).points;
    const auto later = std::ranges::upper_bound(points, at, {}, &Branch::Point::at);
    if (later != points.begin()) {
      lsn = std::max(lsn, std::min(std::prev(later)->lsn, part.limit));
    }
  }
  return lsn;
}

}  // namespace pgrepl::simulation
