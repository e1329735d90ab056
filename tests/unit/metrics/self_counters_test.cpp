#include "metrics/self_counters.h"

#include "exposition/exposition.h"

#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

std::string page_of(const SelfCounters& counters) {
  Families families;
  counters.add_to(families);
  return render(std::move(families).take());
}

bool has_line(const std::string& page, const std::string& line) {
  return page.find("\n" + line + "\n") != std::string::npos;
}

TEST(SelfCounters, CountersStandAtZeroFromTheStart) {
  const SelfCounters counters;
  const std::string page = page_of(counters);
  EXPECT_TRUE(has_line(page, "pg_exporter_scrapes_total 0")) << page;
  EXPECT_TRUE(has_line(page, "pg_exporter_loop_stalls_total 0"));
  EXPECT_TRUE(has_line(page, "pg_exporter_log_lines_dropped_total 0"));
}

TEST(SelfCounters, RoundIsObservedInItsBucketAndCounted) {
  SelfCounters counters;
  counters.note_round(0.2, false);
  counters.note_round(7, true);
  const std::string page = page_of(counters);
  EXPECT_TRUE(has_line(page, "pg_exporter_round_duration_seconds_bucket{le=\"0.1\"} 0")) << page;
  EXPECT_TRUE(has_line(page, "pg_exporter_round_duration_seconds_bucket{le=\"0.25\"} 1"));
  EXPECT_TRUE(has_line(page, "pg_exporter_round_duration_seconds_bucket{le=\"+Inf\"} 2"));
  EXPECT_TRUE(has_line(page, "pg_exporter_scrapes_total 2"));
  EXPECT_TRUE(has_line(page, "pg_exporter_last_scrape_duration_seconds 7"));
  EXPECT_TRUE(has_line(page, "pg_exporter_last_scrape_error 1"));
}

TEST(SelfCounters, FailuresAreCountedByTask) {
  SelfCounters counters;
  counters.note_task_failure("tick");
  counters.note_task_failure("tick");
  counters.note_task_failure("discovery");
  const std::string page = page_of(counters);
  EXPECT_TRUE(has_line(page, "pg_exporter_task_failures_total{task=\"tick\"} 2")) << page;
  EXPECT_TRUE(has_line(page, "pg_exporter_task_failures_total{task=\"discovery\"} 1"));
}

TEST(SelfCounters, DroppedLinesAreThoseOfTheLogAndNeverFewerThanBefore) {
  SelfCounters counters;
  counters.set_dropped_log_lines(5);
  counters.set_dropped_log_lines(7);
  counters.set_dropped_log_lines(0);
  EXPECT_TRUE(has_line(page_of(counters), "pg_exporter_log_lines_dropped_total 7"));
}

}  // namespace
}  // namespace pgrepl::metrics
