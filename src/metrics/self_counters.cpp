#include "metrics/self_counters.h"

#include <algorithm>
#include <iterator>

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

constexpr double kRoundBounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0};

prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Family<prometheus::Counter>& counters(
    prometheus::Registry& registry, const char* name, const char* help
) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Histogram& round_durations(prometheus::Registry& registry) {
  return prometheus::BuildHistogram()
      .Name("pg_exporter_round_duration_seconds")
      .Help("How long a round over all servers took")
      .Register(registry)
      .Add(
          {},
          prometheus::Histogram::BucketBoundaries{std::begin(kRoundBounds), std::end(kRoundBounds)}
      );
}

void add_metric(
    const prometheus::MetricFamily& family,
    const prometheus::ClientMetric& metric,
    Families& families
) {
  Labels labels;
  for (const prometheus::ClientMetric::Label& label : metric.label) {
    labels.add(label.name, label.value);
  }
  if (family.type == MetricType::Histogram) {
    families.add_histogram(family.name, family.help, labels, metric.histogram);
    return;
  }
  const double value =
      family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value;
  families.add(family.name, family.type, family.help, labels, value);
}

}  // namespace

SelfCounters::SelfCounters()
    : rounds_(round_durations(registry_)),
      last_round_seconds_(gauge(
          registry_,
          "pg_exporter_last_scrape_duration_seconds",
          "How long the last round over all servers took"
      )),
      last_round_failed_(gauge(
          registry_,
          "pg_exporter_last_scrape_error",
          "1 when a server or a query did not answer in the last round"
      )),
      scrapes_(counter(registry_, "pg_exporter_scrapes_total", "Rounds over all servers")),
      loop_delay_(gauge(
          registry_,
          "pg_exporter_loop_delay_seconds",
          "How late the heartbeat of the exporter's loop was at most in the last minute"
      )),
      stalls_(counter(
          registry_,
          "pg_exporter_loop_stalls_total",
          "Heartbeats of the exporter's loop that came more than a second late"
      )),
      dropped_log_lines_(counter(
          registry_,
          "pg_exporter_log_lines_dropped_total",
          "Lines of the log that were given up, since whoever reads it stood still"
      )),
      task_failures_(counters(
          registry_,
          "pg_exporter_task_failures_total",
          "Turns of the exporter's own tasks that an unexpected error ended"
      )),
      http_refused_(counters(
          registry_,
          "pg_exporter_http_refused_total",
          "HTTP clients and requests that were refused, or cut because they were too slow"
      )) {
}

void SelfCounters::note_round(double seconds, bool has_failures) {
  rounds_.Observe(seconds);
  scrapes_.Increment();
  last_round_seconds_.Set(seconds);
  last_round_failed_.Set(has_failures ? 1 : 0);
}

void SelfCounters::note_task_failure(const std::string& task) {
  task_failures_.Add({{"task", task}}).Increment();
}

void SelfCounters::set_dropped_log_lines(std::uint64_t lines) {
  const double more = static_cast<double>(lines) - dropped_log_lines_.Value();
  dropped_log_lines_.Increment(std::max(more, 0.0));
}

void SelfCounters::add_to(Families& families) const {
  for (const prometheus::MetricFamily& family : registry_.Collect()) {
    for (const prometheus::ClientMetric& metric : family.metric) {
      add_metric(family, metric, families);
    }
  }
}

}  // namespace pgrepl::metrics
