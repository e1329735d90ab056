// The last changes of all clusters, for people and for annotations on graphs. A value.
#pragma once

#include "cluster/event.h"

#include <cstddef>
#include <deque>
#include <string>

namespace pgrepl::cluster {

struct LoggedEvent {
  double at = 0;  // seconds since the epoch, by the exporter's clock
  std::string cluster;
  Event event;

  friend bool operator==(const LoggedEvent&, const LoggedEvent&) = default;
};

// Keeps the newest events; the oldest one gives way.
class EventLog {
 public:
  static constexpr std::size_t kCapacity = 1000;

  void note(LoggedEvent event);

  // Oldest first.
  [[nodiscard]] const std::deque<LoggedEvent>& events() const { return events_; }

 private:
  std::deque<LoggedEvent> events_;
};

}  // namespace pgrepl::cluster
