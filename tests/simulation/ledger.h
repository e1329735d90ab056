// What passed between each exporter and each server, as the world saw it: what the invariants hold
// the exporter's picture against.
#pragma once

#include "simulation/node.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace pgrepl::simulation {

struct Contact {
  std::optional<Instant> answered{};  // when it last got a full answer to something
  std::optional<Instant> failed{};    // when a login or a statement of it last failed
  std::deque<Instant> logins{};       // tries, of the last minute
  std::size_t statements = 0;         // different ones on one connection, at most
};

class Ledger {
 public:
  Contact& of(ExporterId exporter, NodeId node) { return contacts_[{exporter, node}]; }

  void note_login(ExporterId exporter, NodeId node, Instant at) {
    auto& logins = of(exporter, node).logins;
    logins.push_back(at);
    while (at - logins.front() > std::chrono::minutes{1}) {
      logins.pop_front();
    }
  }

  void note_lookup(ExporterId exporter, Instant at) {
    auto& asked = lookups_[exporter];
    asked.push_back(at);
    while (at - asked.front() > std::chrono::minutes{1}) {
      asked.pop_front();
    }
  }

  // Of names and of Patroni, in the last minute before the last one.
  [[nodiscard]] std::size_t lookups(ExporterId exporter) { return lookups_[exporter].size(); }

  // Sessions that exist, open or not.
  std::size_t sessions = 0;

 private:
  std::map<std::pair<ExporterId, NodeId>, Contact> contacts_;
  std::map<ExporterId, std::deque<Instant>> lookups_;
};

}  // namespace pgrepl::simulation
