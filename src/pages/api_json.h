// What /api/v1/clusters and /api/v1/events answer. docs/api.md and docs/api/*.schema.json describe
// it.
#pragma once

#include "cluster/event_log.h"
#include "pages/picture.h"

#include <cstddef>
#include <string>

namespace pgrepl::pages {

// Every cluster with its servers, who replicates from whom on what evidence, and what is wrong.
// Unknown values are null. Text from outside is made valid UTF-8.
[[nodiscard]] std::string clusters_json(const Picture& picture);

// Which events are wanted. Empty texts want all.
struct EventFilter {
  std::string cluster;
  std::string server;
  std::size_t limit = cluster::EventLog::kCapacity;
};

// Newest first.
[[nodiscard]] std::string events_json(const cluster::EventLog& log, const EventFilter& filter);

}  // namespace pgrepl::pages
