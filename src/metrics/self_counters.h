// What the exporter counts about itself, counted where it happens and kept by prometheus-cpp. What
// comes from servers is not here: it is translated, page by page.
#pragma once

#include "exposition/family.h"

#include <cstdint>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace pgrepl::metrics {

class SelfCounters {
 public:
  SelfCounters();

  // A round over all servers has ended.
  void note_round(double seconds, bool has_failures);

  // A turn of a task, or a piece of work, was ended by an exception.
  void note_task_failure(const std::string& task);

  // The heartbeat of the loop came more than a second late.
  void note_stall() { stalls_.Increment(); }

  void set_loop_delay(double longest_seconds) { loop_delay_.Set(longest_seconds); }

  // In all since the start; the log counts them itself.
  void set_dropped_log_lines(std::uint64_t lines);

  // Who was not served at the door: a counter for each reason, which the door adds.
  [[nodiscard]] prometheus::Family<prometheus::Counter>& http_refused() { return http_refused_; }

  // All of it, as it is now.
  void add_to(Families& families) const;

 private:
  prometheus::Registry registry_;
  prometheus::Histogram& rounds_;
  prometheus::Gauge& last_round_seconds_;
  prometheus::Gauge& last_round_failed_;
  prometheus::Counter& scrapes_;
  prometheus::Gauge& loop_delay_;
  prometheus::Counter& stalls_;
  prometheus::Counter& dropped_log_lines_;
  prometheus::Family<prometheus::Counter>& task_failures_;
  prometheus::Family<prometheus::Counter>& http_refused_;
};

}  // namespace pgrepl::metrics
