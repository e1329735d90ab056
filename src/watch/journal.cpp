#include "watch/journal.h"

#include "log/log.h"

namespace pgrepl::watch {

namespace {

// Where discovery names servers ever anew, lines may come again instead.
constexpr std::size_t kMostTold = 1000;

log::Level level_of(cluster::EventKind kind) {
  switch (kind) {
    case cluster::EventKind::ServerDown:
    case cluster::EventKind::Failover:
    case cluster::EventKind::PrimaryChanged:
    case cluster::EventKind::Rewound:
    case cluster::EventKind::Rebuilt:
    case cluster::EventKind::AnomalyBegan:
    case cluster::EventKind::EndpointNotOk:
    case cluster::EventKind::PgBouncerDown:
      return log::Level::Warning;
    case cluster::EventKind::ServerUp:
    case cluster::EventKind::StandbyState:
    case cluster::EventKind::AnomalyEnded:
    case cluster::EventKind::EndpointOk:
    case cluster::EventKind::PgBouncerUp:
      return log::Level::Info;
  }
  return log::Level::Info;
}

void log_event(const std::string& cluster, const cluster::Event& event) {
  if (event.server.empty()) {
    log::write(level_of(event.kind), "monitor", event.message, {{"cluster", cluster}});
  } else {
    log::write(
        level_of(event.kind),
        "monitor",
        event.message,
        {{"cluster", cluster}, {"server", event.server}}
    );
  }
}

}  // namespace

void Journal::note(const std::string& cluster, std::vector<cluster::Event> events, double at) {
  if (events.empty()) {
    return;
  }
  for (cluster::Event& event : events) {
    log_event(cluster, event);
    events_.note({.at = at, .cluster = cluster, .event = std::move(event)});
  }
  published_.publish(std::make_shared<cluster::EventLog>(events_));
}

void Journal::note_drops(const std::vector<metrics::PageDrop>& drops) {
  if (told_drops_.size() > kMostTold) {
    told_drops_.clear();
  }
  for (const metrics::PageDrop& drop : drops) {
    if (!told_drops_.emplace(drop.server, drop.query).second) {
      continue;
    }
    log::write(
        log::Level::Warning,
        "monitor",
        "samples dropped",
        {{"server", drop.server},
         {"query", drop.query},
         {"duplicates", std::to_string(drop.dropped.duplicates)},
         {"unreadable", std::to_string(drop.dropped.unreadable)},
         {"column", drop.dropped.first_unreadable}}
    );
  }
}

}  // namespace pgrepl::watch
