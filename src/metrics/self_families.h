// The series about the exporter itself.
#pragma once

#include "catalogue/query.h"
#include "exposition/family.h"
#include "metrics/self_counters.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::metrics {

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
  const SelfCounters* counters = nullptr;  // what it counted; nothing of it when null
  ProcessFacts process;
  double config_loaded_at = 0;  // seconds since the epoch
  bool reload_failed = false;   // the last one; the configuration of before goes on
  std::vector<catalogue::UserFile> query_files;
};

void add_self_families(const SelfFacts& self, Families& families);

}  // namespace pgrepl::metrics
