// What has changed, for people: a line in the log for each change, and the last of them for whoever
// asks by HTTP.
#pragma once

#include "cluster/event_log.h"
#include "metrics/page.h"
#include "support/published.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::watch {

class Journal {
 public:
  // `at` in seconds since the epoch.
  void note(const std::string& cluster, std::vector<cluster::Event> events, double at);

  // A line for each server and query, once: the counts are on the page.
  void note_drops(const std::vector<metrics::PageDrop>& drops);

  // For any thread; null while nothing has changed.
  [[nodiscard]] std::shared_ptr<const cluster::EventLog> events() const {
    return published_.current();
  }

 private:
  cluster::EventLog events_;
  Published<cluster::EventLog> published_;
  std::set<std::pair<std::string, std::string>> told_drops_;  // server and query
};

}  // namespace pgrepl::watch
