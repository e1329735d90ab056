#include "cluster/branch.h"

#include <algorithm>
#include <vector>

namespace pgrepl::cluster {

namespace {

std::string name_of(pg::TimelineId timeline) {
  return std::to_string(static_cast<std::uint32_t>(timeline));
}

// All places at which it certainly was in its present life.
std::vector<ControlPoint> certain_points(const ServerSample& sample) {
  std::vector<ControlPoint> points;
  if (sample.tick) {
    const TickReading& reading = sample.tick->reading;
    points = reading.control_points;
    if (has_certain_timeline(reading) && reading.position) {
      points.push_back({*reading.timeline, *reading.position});
    }
    // Files are listed now and then: they tell of another life when it went back since.
    const auto& files = sample.wal_files;
    if (files && files->timeline_at_replay && files->replay && files->replay <= reading.position) {
      points.push_back({*files->timeline_at_replay, *files->replay});
    }
  }
  return points;
}

std::string describe(const ControlPoint& point, const Position& primary, const Timelines& known) {
  std::string text = "it is at " + to_string(point.position) + " of timeline " +
                     name_of(point.timeline) + "; the primary is on timeline " +
                     name_of(*primary.timeline);
  if (const auto left = known.beginning_of(*primary.timeline)) {
    const bool exact = left->at_least == left->at_most;
    text +=
        std::string{", which began at "} + (exact ? "" : "or before ") + to_string(left->at_most);
  }
  return text;
}

}  // namespace

std::optional<Position> primary_position(const Memory& memory) {
  if (!memory.primary) {
    return std::nullopt;
  }
  return Position{
      .system = memory.system,
      .timeline = memory.primary->timeline,
      .lsn = memory.primary->reading.position};
}

BranchVerdict judge_branch(
    const ServerSample& sample, const ServerMemory& known, const Memory& memory
) {
  const auto primary = primary_position(memory);
  if (!primary) {
    return {};
  }
  auto points = certain_points(sample);
  const auto is_same = [&primary](const ControlPoint& point) {
    return point.timeline == primary->timeline;
  };
  if (std::ranges::any_of(points, is_same)) {
    return {.relation = Relation::SameBranch, .proof = {}};
  }
  if (known.last_certain) {
    points.push_back(*known.last_certain);
  }
  for (const ControlPoint& point : points) {
    const Position place{memory.system, point.timeline, point.position};
    // A later timeline than the primary's is another branch once its own primary has given it up;
    // before that, the primary may be the one that was left.
    const bool given_up = known.resigned_on == point.timeline;
    if ((point.timeline < primary->timeline || given_up) &&
        memory.timelines.relate(place, *primary) == Relation::OtherBranch) {
      return {
          .relation = Relation::OtherBranch, .proof = describe(point, *primary, memory.timelines)};
    }
  }
  return {};
}

bool is_ahead(const ServerMemory& known, const Memory& memory) {
  if (known.beyond_primary) {
    return true;
  }
  if (!memory.primary || known.role != Role::Standby ||
      (known.timeline && known.timeline > memory.primary->timeline)) {
    return false;
  }
  const PrimaryReading& primary = memory.primary->reading;
  const auto proves = [&primary](pg::Lsn position, Instant read_by) {
    const Instant asked =
        primary.read_at - std::chrono::duration_cast<Instant::duration>(primary.read_error);
    return position > primary.position && read_by < asked;
  };
  const bool last =
      known.position && known.position_read_by && proves(*known.position, *known.position_read_by);
  return last || (known.reading_before &&
                  proves(known.reading_before->position, known.reading_before->read_by));
}

}  // namespace pgrepl::cluster
