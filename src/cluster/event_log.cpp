#include "cluster/event_log.h"

#include <utility>

namespace pgrepl::cluster {

void EventLog::note(LoggedEvent event) {
  if (events_.size() == kCapacity) {
    events_.pop_front();
  }
  events_.push_back(std::move(event));
}

}  // namespace pgrepl::cluster
