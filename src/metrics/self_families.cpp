#include "metrics/self_families.h"

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

}  // namespace

void add_self_families(const SelfFacts& self, Families& families) {
  add_builds(self, families);
  add_reloads(self, families);
  if (self.counters != nullptr) {
    self.counters->add_to(families);
  }
  for (const ProcessRow& row : kProcessRows) {
    if (const auto& value = self.process.*row.value) {
      families.add(row.name, row.type, row.help, {}, *value);
    }
  }
}

}  // namespace pgrepl::metrics
