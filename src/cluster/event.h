// A change worth a log line: what happened to which server, and why.
#pragma once

#include "cluster/sample.h"

#include <string>
#include <string_view>

namespace pgrepl::cluster {

enum class EventKind : std::uint8_t {
  ServerUp,
  ServerDown,
  StandbyState,
  Failover,
  PrimaryChanged,
  Rewound,  // the primary stands at an older position than it did
  Rebuilt,  // the cluster has another system identifier than it had
  AnomalyBegan,
  AnomalyEnded,
  EndpointOk,
  EndpointNotOk,
  PgBouncerUp,
  PgBouncerDown,
};

[[nodiscard]] std::string_view to_string(EventKind kind);

struct Event {
  EventKind kind;
  std::string server;   // empty for what concerns the whole cluster
  std::string message;  // one sentence for people, with the evidence

  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace pgrepl::cluster
