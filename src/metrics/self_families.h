// The series about the exporter itself.
#pragma once

#include "catalogue/query.h"
#include "exposition/family.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::metrics {

// How long rounds took, since the start.
class RoundDurations {
 public:
  static constexpr std::array kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0};

  void note(double seconds);
  [[nodiscard]] std::uint64_t count() const;

  [[nodiscard]] double last() const { return last_; }

  [[nodiscard]] prometheus::ClientMetric::Histogram histogram() const;

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
  double last_ = 0;
};

// Of the process, as /proc shows it. Absent where it could not be read.
struct ProcessFacts {
  std::optional<double> cpu_seconds;
  std::optional<double> start_time_seconds;
  std::optional<double> resident_memory_bytes;
  std::optional<double> virtual_memory_bytes;
  std::optional<double> open_fds;
  std::optional<double> max_fds;
};

struct SelfFacts {
  std::string version;
  RoundDurations rounds;
  ProcessFacts process;
  double config_loaded_at = 0;     // seconds since the epoch
  bool reload_failed = false;      // the last one; the configuration of before goes on
  bool last_round_failed = false;  // a server or a query did not answer
  std::vector<catalogue::UserFile> query_files;
  double loop_delay = 0;  // seconds, the longest of the last minute
  std::uint64_t loop_stalls = 0;
  std::map<std::string, std::uint64_t> http_refused;  // by reason, since the start
};

void add_self_families(const SelfFacts& self, Families& families);

}  // namespace pgrepl::metrics
