#include "metrics/reference.h"

#include "catalogue/embedded.h"
#include "catalogue/load.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

std::vector<SeriesReference> all_series() {
  std::vector<catalogue::SourceText> files;
  for (const auto& file : catalogue::embedded_query_files()) {
    files.push_back({std::string{file.name}, std::string{file.text}});
  }
  return list_series(catalogue::load(files).value());
}

SeriesReference series(const std::string& name) {
  const auto all = all_series();
  const auto found = std::ranges::find(all, name, &SeriesReference::name);
  return found == all.end() ? SeriesReference{} : *found;
}

TEST(Reference, ListsTheModelTheCatalogueAndTheExporterItself) {
  using Labels = std::vector<std::string>;
  EXPECT_EQ(series("pg_standby_lag_seconds").labels, (Labels{"cluster", "server"}));
  EXPECT_EQ(series("pg_cluster_anomaly").labels, (Labels{"cluster", "anomaly"}));
  EXPECT_EQ(series("pg_slot_wal_status").type, "gauge");
  EXPECT_EQ(series("pg_stat_database_xact_commit").type, "counter");
  EXPECT_EQ(series("pg_buffercache_summary_buffers_used").versions, "16 .. 18");
  EXPECT_EQ(series("pg_settings_*").type, "gauge");
  EXPECT_EQ(series("pg_process_idle_seconds").type, "histogram");
  EXPECT_EQ(series("pg_exporter_dropped_samples").labels.back(), "reason");
  EXPECT_EQ(series("process_open_fds").labels, Labels{});
}

TEST(Reference, EverySeriesHasHelp) {
  for (const SeriesReference& entry : all_series()) {
    EXPECT_FALSE(entry.help.empty()) << entry.name;
    EXPECT_NE(entry.name, "example");
  }
}

}  // namespace
}  // namespace pgrepl::metrics
