// A place in the WAL together with the branch it belongs to. The same LSN on two timelines, or in
// two clusters, is two different places (manual, "Timelines"): they do not compare.
#pragma once

#include "pg/lsn.h"
#include "pg/timeline.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace pgrepl::cluster {

struct Position {
  std::optional<pg::SystemIdentifier> system;
  std::optional<pg::TimelineId> timeline;  // absent while it is not proven
  pg::Lsn lsn;

  friend bool operator==(const Position&, const Position&) = default;
};

// Where a timeline left the one before it. Known exactly when both ends are equal.
struct SwitchPoint {
  std::optional<pg::Lsn> at_least;
  pg::Lsn at_most;
  std::optional<pg::TimelineId> parent;  // the timeline it left, when that was seen

  friend bool operator==(const SwitchPoint&, const SwitchPoint&) = default;
};

enum class Relation : std::uint8_t {
  SameBranch,
  OtherBranch,  // one of them holds WAL that the other's history does not have
  Unproven,     // nothing says so, and nothing says the contrary
};

// The timelines of one cluster, as far as their beginnings were seen. A value.
class Timelines {
 public:
  static constexpr std::size_t kMost = 1000;

  // Narrows what is known of the beginning of `timeline`; an exact point replaces bounds.
  void note(pg::TimelineId timeline, SwitchPoint seen);

  // Forgets timelines after `newest`: whoever was on one of them has been rewound.
  void withdraw_after(pg::TimelineId newest);

  [[nodiscard]] std::optional<SwitchPoint> beginning_of(pg::TimelineId timeline) const;

  [[nodiscard]] std::size_t size() const { return beginnings_.size(); }

  // How `place` stands to `reference`. On one branch their LSNs may be compared.
  [[nodiscard]] Relation relate(const Position& place, const Position& reference) const;

 private:
  [[nodiscard]] Relation relate_older(const Position& older, const Position& newer) const;

  std::map<pg::TimelineId, SwitchPoint> beginnings_;
};

// Bytes from `behind` to `ahead`, negative when it is the other way round. Absent on two branches.
[[nodiscard]] std::optional<std::int64_t> distance(
    const Position& behind, const Position& ahead, const Timelines& timelines
);

}  // namespace pgrepl::cluster
