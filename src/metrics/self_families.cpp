#include "metrics/self_families.h"

#include <algorithm>
#include <limits>
#include <numeric>

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
  last_ = seconds;
}

std::uint64_t RoundDurations::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
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

namespace {

void add_builds(const SelfFacts& self, Families& families) {
  for (const char* name : {"pg_exporter_build_info", "postgres_exporter_build_info"}) {
    families.add(name, MetricType::Gauge, "The version that runs", {{"version", self.version}}, 1);
  }
}

void add_reloads(const SelfFacts& self, Families& families) {
  for (const std::string prefix : {"pg_exporter", "postgres_exporter"}) {
    families.add(
        prefix + "_config_last_reload_successful",
        MetricType::Gauge,
        "Whether the configuration was accepted when it was last read",
        {},
        self.reload_failed ? 0 : 1
    );
    families.add(
        prefix + "_config_last_reload_success_timestamp_seconds",
        MetricType::Gauge,
        "When a configuration was last accepted",
        {},
        self.config_loaded_at
    );
  }
  for (const catalogue::UserFile& file : self.query_files) {
    families.add(
        "pg_exporter_user_queries_load_error",
        MetricType::Gauge,
        "1 when a query of the file was left out",
        {{"filename", file.name}, {"hashsum", file.hash}},
        file.has_mistakes ? 1 : 0
    );
  }
}

void add_rounds(const SelfFacts& self, Families& families) {
  families.add_histogram(
      "pg_exporter_round_duration_seconds",
      "How long a round over all servers took",
      {},
      self.rounds.histogram()
  );
  families.add(
      "pg_exporter_last_scrape_duration_seconds",
      MetricType::Gauge,
      "How long the last round over all servers took",
      {},
      self.rounds.last()
  );
  families.add(
      "pg_exporter_last_scrape_error",
      MetricType::Gauge,
      "1 when a server or a query did not answer in the last round",
      {},
      self.last_round_failed ? 1 : 0
  );
  families.add(
      "pg_exporter_scrapes_total",
      MetricType::Counter,
      "Rounds over all servers",
      {},
      static_cast<double>(self.rounds.count())
  );
}

void add_loop(const SelfFacts& self, Families& families) {
  families.add(
      "pg_exporter_loop_delay_seconds",
      MetricType::Gauge,
      "How late the heartbeat of the exporter's loop was at most in the last minute",
      {},
      self.loop_delay
  );
  families.add(
      "pg_exporter_loop_stalls_total",
      MetricType::Counter,
      "Heartbeats of the exporter's loop that came more than a second late",
      {},
      static_cast<double>(self.loop_stalls)
  );
}

void add_http(const SelfFacts& self, Families& families) {
  for (const auto& [reason, count] : self.http_refused) {
    families.add(
        "pg_exporter_http_refused_total",
        MetricType::Counter,
        "HTTP clients and requests that were refused, or cut because they were too slow",
        {{"reason", reason}},
        static_cast<double>(count)
    );
  }
}

}  // namespace

void add_self_families(const SelfFacts& self, Families& families) {
  add_builds(self, families);
  add_reloads(self, families);
  add_rounds(self, families);
  add_loop(self, families);
  add_http(self, families);
  for (const ProcessRow& row : kProcessRows) {
    if (const auto& value = self.process.*row.value) {
      families.add(row.name, row.type, row.help, {}, *value);
    }
  }
}

}  // namespace pgrepl::metrics
