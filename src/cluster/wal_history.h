// The primary's WAL position by the exporter's clock: when had the primary not yet gone past an
// LSN? This is what turns a standby's position into seconds. A value; who feeds it decides when.
#pragma once

#include "cluster/sample.h"
#include "pg/lsn.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace pgrepl::cluster {

// T(R): the latest instant at which the primary had not gone past a position, as an interval that
// holds the truth, and the best guess within it.
struct PassedAt {
  Instant earliest;
  Instant latest;
  Instant estimate;

  friend bool operator==(const PassedAt&, const PassedAt&) = default;
};

class WalHistory {
 public:
  struct Point {
    Instant at;
    pg::Lsn position;

    friend bool operator==(const Point&, const Point&) = default;
  };

  static constexpr std::size_t kCapacity = 8192;
  // Points younger than this are never thinned, as long as the capacity allows.
  static constexpr std::chrono::minutes kFullResolution{15};

  // Notes where the primary was. Instants not later than the newest one are ignored. A position
  // behind the newest one (a primary that lost unflushed WAL in a crash) takes back what it lost.
  void note(pg::Lsn position, Instant at);

  // Forgets positions beyond `switch_point`: a new timeline begins there, and what lay beyond it
  // on the old one is other WAL.
  void start_timeline(pg::Lsn switch_point);

  // Absent when the history is empty or `position` is older than its oldest point. For a position
  // the primary has not gone past, all three instants are the newest one.
  [[nodiscard]] std::optional<PassedAt> passed_at(pg::Lsn position) const;

  // Where the primary was at `at`, interpolated; absent outside the history.
  [[nodiscard]] std::optional<double> position_at(Instant at) const;

  // Bytes per second over the `window` that ends at the newest point; absent with less than two
  // points. A shorter history gives the rate over what there is.
  [[nodiscard]] std::optional<double> bytes_per_second(Seconds window) const;

  [[nodiscard]] const std::vector<Point>& points() const { return points_; }

  [[nodiscard]] std::optional<Point> newest() const;
  [[nodiscard]] std::optional<Point> oldest() const;

 private:
  void thin();

  std::vector<Point> points_;  // ascending in both; a plateau is its two ends
};

}  // namespace pgrepl::cluster
