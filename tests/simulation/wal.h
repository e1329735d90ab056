// The truth about WAL: which branches there are, how far each was at which instant, and so how old
// the state is that a standby shows. It knows nothing of how the exporter measures that.
#pragma once

#include "loop/clock.h"
#include "pg/lsn.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::simulation {

using loop::Instant;
using Seconds = std::chrono::duration<double>;

// A number for each timeline that ever began. Two timelines may have the same TimelineID, as after
// two promotions on both sides of a cut network; they are two branches.
using BranchId = std::size_t;

// A position in the WAL, and which WAL.
struct Position {
  BranchId branch = 0;
  std::uint64_t lsn = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

struct Branch {
  std::optional<BranchId> parent;
  std::uint64_t system_identifier = 0;
  std::uint32_t timeline = 1;
  std::uint64_t start = 0;  // where it left its parent

  struct Point {
    Instant at;
    std::uint64_t lsn;
  };

  std::vector<Point> points{};  // each a commit; ascending in both
};

class Wal {
 public:
  // initdb: a first timeline.
  BranchId begin(std::uint64_t system_identifier, std::uint64_t lsn, Instant at);
  // Promotion: a timeline that leaves that of `from` there. `timeline` is its TimelineID.
  BranchId fork(Position from, std::uint32_t timeline, Instant at);

  void append(BranchId branch, std::uint64_t lsn, Instant at);
  // The primary has lost what it wrote beyond `lsn`: a crash before the flush.
  void cut(BranchId branch, std::uint64_t lsn);

  // Of all branches of one cluster.
  [[nodiscard]] std::uint32_t highest_timeline(std::uint64_t system_identifier) const;

  [[nodiscard]] const Branch& at(BranchId branch) const { return branches_.at(branch); }

  // Whether the WAL that ends at `end` holds `position`: who is there can follow whoever is at
  // `end`.
  [[nodiscard]] bool contains(Position end, Position position) const;

  // On the way to `end`, the branch on which `lsn` lies.
  [[nodiscard]] BranchId branch_at(Position end, std::uint64_t lsn) const;

  // Since when the line that ends at `end` is past `position`; absent while it is not.
  [[nodiscard]] std::optional<Instant> passed_at(Position end, Position position, Instant now)
      const;

  // How old the state of `position` is at `now`, seen from the line that ends at `end`.
  [[nodiscard]] Seconds lag(Position end, Position position, Instant now) const;

  // The last commit of the line up to `position`, or where the line was at `at`.
  [[nodiscard]] std::optional<Instant> last_commit(Position position) const;
  [[nodiscard]] std::uint64_t lsn_at(Position end, Instant at) const;

 private:
  struct Part {
    BranchId branch;
    std::uint64_t limit;  // where the line leaves it
  };

  // From the root to the branch of `end`.
  [[nodiscard]] std::vector<Part> line_to(Position end) const;

  std::vector<Branch> branches_;
};

// "0/3000060", as PostgreSQL writes it.
[[nodiscard]] inline std::string lsn_text(std::uint64_t lsn) {
  return to_string(pg::Lsn{lsn});
}

}  // namespace pgrepl::simulation
