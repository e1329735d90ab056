// What a process uses, row by row, and the verdict on it.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace pgrepl::testing {

using Seconds = std::chrono::duration<double>;

struct Figures {
  std::size_t resident = 0;  // bytes
  std::size_t own = 0;       // the part of it that is no file: heap and stacks
  std::size_t descriptors = 0;
  std::size_t threads = 0;
};

[[nodiscard]] Figures figures_of(pid_t process);

// What was seen since the row before. The least counts for growth: beyond it stands what was
// under way at that moment, as pages that were being written.
struct FigureRow {
  Seconds at{};
  Figures least;
  Figures most;
  std::size_t events = 0;  // in its log at the end
};

class FigureTable {
 public:
  // Often.
  void take(const Figures& figures);

  // Prints what was taken since the last row.
  void end_row(Seconds at, std::size_t events);

  // What comes from here on is judged: all that fills up to a bound is full.
  void warm_up_ends();

  // Prints what was found, and says whether all is well.
  [[nodiscard]] bool is_well() const;

 private:
  [[nodiscard]] bool is_flat() const;

  std::optional<FigureRow> next_;
  std::vector<FigureRow> rows_;
  std::optional<std::size_t> warm_;  // rows before the warm-up ended
};

}  // namespace pgrepl::testing
