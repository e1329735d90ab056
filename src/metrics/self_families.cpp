#include "metrics/self_families.h"

#include <algorithm>
#include <limits>

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

struct ProcessRow {
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::optional<double> ProcessFacts::*value;
};

constexpr ProcessRow kProcessRows[] = {
    {"process_cpu_seconds_total",
     MetricType::Counter,
     "User and system CPU time spent",
     &ProcessFacts::cpu_seconds},
    {"process_start_time_seconds",
     MetricType::Gauge,
     "When the process started, since the epoch",
     &ProcessFacts::start_time_seconds},
    {"process_resident_memory_bytes",
     MetricType::Gauge,
     "Resident memory",
     &ProcessFacts::resident_memory_bytes},
    {"process_virtual_memory_bytes",
     MetricType::Gauge,
     "Virtual memory",
     &ProcessFacts::virtual_memory_bytes},
    {"process_open_fds", MetricType::Gauge, "Open file descriptors", &ProcessFacts::open_fds},
    {"process_max_fds",
     MetricType::Gauge,
     "Most file descriptors it may open",
     &ProcessFacts::max_fds},
};

}  // namespace

void RoundDurations::note(double seconds) {
  const auto* bound = std::ranges::lower_bound(kBounds, seconds);
  counts_.at(static_cast<std::size_t>(bound - kBounds.begin())) += 1;
  sum_ += seconds;
}

prometheus::ClientMetric::Histogram RoundDurations::histogram() const {
  prometheus::ClientMetric::Histogram histogram;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    histogram.sample_count += counts_.at(i);
    const double bound =
        i < kBounds.size() ? kBounds.at(i) : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = sum_;
  return histogram;
}

void add_self_families(const SelfFacts& self, Families& families) {
  families.add(
      "pg_exporter_build_info",
      MetricType::Gauge,
      "The version that runs",
      {{"version", self.version}},
      1
  );
  families.add(
      "pg_exporter_config_last_reload_successful",
      MetricType::Gauge,
      "Whether the configuration was accepted when it was last read",
      {},
      1
  );
  families.add(
      "pg_exporter_config_last_reload_success_timestamp_seconds",
      MetricType::Gauge,
      "When a configuration was last accepted",
      {},
      self.config_loaded_at
  );
  families.add_histogram(
      "pg_exporter_round_duration_seconds",
      "How long a round over all servers took",
      {},
      self.rounds.histogram()
  );
  for (const ProcessRow& row : kProcessRows) {
    if (const auto& value = self.process.*row.value) {
      families.add(row.name, row.type, row.help, {}, *value);
    }
  }
}

}  // namespace pgrepl::metrics
