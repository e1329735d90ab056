#include "soak/figures.h"

#include "support/growth.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

namespace pgrepl::testing {

namespace {

constexpr double kMebibyte = 1024.0 * 1024;

// Whatever happens, and however short the run.
constexpr double kMostResident = 32 * kMebibyte;
// In the time that was judged.
constexpr double kMostGrowth = 0.5 * kMebibyte;
// With less, noise is all there is.
constexpr std::size_t kFewestRows = 20;
// Two for each server, the probes, and as many clients as are answered at a time.
constexpr std::size_t kMostDescriptors = 80;
constexpr std::size_t kMostThreads = 40;

std::size_t entries(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

// A line "Name:   1234 kB" of /proc/PID/status, in bytes.
std::size_t bytes_in(const std::filesystem::path& status, const std::string& name) {
  std::ifstream file{status};
  for (std::string word; file >> word;) {
    std::size_t kibibytes = 0;
    if (word == name + ":" && file >> kibibytes) {
      return kibibytes * 1024;
    }
  }
  return 0;
}

double mebibytes(double bytes) {
  return bytes / kMebibyte;
}

using Figure = std::size_t Figures::*;

constexpr Figure kFigures[] = {
    &Figures::resident, &Figures::own, &Figures::descriptors, &Figures::threads};

std::vector<Reading> least(std::span<const FigureRow> rows, Figure figure) {
  std::vector<Reading> all;
  for (const FigureRow& row : rows) {
    all.push_back({row.at, static_cast<double>(row.least.*figure)});
  }
  return all;
}

double most(std::span<const FigureRow> rows, Figure figure) {
  std::size_t found = 0;
  for (const FigureRow& row : rows) {
    found = std::max(found, row.most.*figure);
  }
  return static_cast<double>(found);
}

bool holds(bool well, const char* what, double value, double bound, const char* unit) {
  std::printf(
      "%-8s %s: %.2f%s, at most %.2f%s\n", well ? "ok" : "FAILED", what, value, unit, bound, unit
  );
  return well;
}

bool at_most(const char* what, double value, double bound, const char* unit = "") {
  return holds(value <= bound, what, value, bound, unit);
}

}  // namespace

Figures figures_of(pid_t process) {
  const auto folder = std::filesystem::path{"/proc"} / std::to_string(process);
  return {
      .resident = bytes_in(folder / "status", "VmRSS"),
      .own = bytes_in(folder / "status", "RssAnon"),
      .descriptors = entries(folder / "fd"),
      .threads = entries(folder / "task"),
  };
}

void FigureTable::take(const Figures& figures) {
  if (!next_) {
    next_ = FigureRow{.least = figures, .most = figures};
  }
  for (const Figure figure : kFigures) {
    next_->least.*figure = std::min(next_->least.*figure, figures.*figure);
    next_->most.*figure = std::max(next_->most.*figure, figures.*figure);
  }
}

void FigureTable::end_row(Seconds at, std::size_t events) {
  if (rows_.empty()) {
    std::printf(
        "own memory and descriptors: the least and the most of the time since the last row\n"
    );
    std::printf(
        "%7s %13s %18s %9s %8s %7s\n", "seconds", "resident", "own", "fds", "threads", "events"
    );
  }
  FigureRow row = next_.value_or(FigureRow{});
  next_.reset();
  row.at = at;
  row.events = events;
  std::printf(
      "%7.0f %9.2f MiB %6.2f %6.2f MiB %4zu %4zu %8zu %7zu\n",
      at.count(),
      mebibytes(static_cast<double>(row.least.resident)),
      mebibytes(static_cast<double>(row.least.own)),
      mebibytes(static_cast<double>(row.most.own)),
      row.least.descriptors,
      row.most.descriptors,
      row.most.threads,
      events
  );
  std::fflush(stdout);
  rows_.push_back(row);
}

void FigureTable::warm_up_ends() {
  if (!warm_) {
    warm_ = rows_.size();
    std::printf("%7s\n", "warm");
  }
}

bool FigureTable::is_flat() const {
  const auto judged = std::span{rows_}.subspan(warm_.value_or(rows_.size()));
  if (judged.size() < kFewestRows) {
    std::printf("growth is not judged: %zu rows since the warm-up\n", judged.size());
    return true;
  }
  const auto own = least(judged, &Figures::own);
  std::printf(
      "judged for %.0f s: own memory %+.2f MiB an hour, resident %+.2f MiB an hour\n",
      (own.back().at - own.front().at).count(),
      mebibytes(slope(own) * 3600),
      mebibytes(slope(least(judged, &Figures::resident)) * 3600)
  );
  bool well =
      at_most("growth of own memory", mebibytes(growth(own)), mebibytes(kMostGrowth), " MiB");
  well = at_most("growth of descriptors", growth(least(judged, &Figures::descriptors)), 2) && well;
  return at_most("growth of threads", growth(least(judged, &Figures::threads)), 0.5) && well;
}

bool FigureTable::is_well() const {
  bool well = is_flat();
  well =
      at_most(
          "resident", mebibytes(most(rows_, &Figures::resident)), mebibytes(kMostResident), " MiB"
      ) &&
      well;
  well = at_most("descriptors", most(rows_, &Figures::descriptors), kMostDescriptors) && well;
  return at_most("threads", most(rows_, &Figures::threads), kMostThreads) && well;
}

}  // namespace pgrepl::testing
