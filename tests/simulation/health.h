// Since when each server could have answered each exporter, or could not have.
#pragma once

#include "simulation/world.h"

#include <map>
#include <optional>
#include <utility>

namespace pgrepl::simulation {

struct Condition {
  std::optional<Instant> able_since{};    // nothing stands in the way of an answer in time
  std::optional<Instant> unable_since{};  // no answer can come
  std::optional<Instant> slow_at{};       // a query was last so slow that a round may fail
  std::optional<Instant> refused_at{};    // it last refused a password
};

class Health {
 public:
  // After each step of the world.
  void note(World& world, milliseconds tick, Instant now);

  [[nodiscard]] const Condition& of(ExporterId exporter, NodeId node) const {
    return conditions_.at({exporter, node});
  }

  // Able for at least `time`.
  [[nodiscard]] bool able_for(ExporterId exporter, NodeId node, Instant::duration time, Instant now)
      const {
    const Condition& condition = of(exporter, node);
    return condition.able_since && now - *condition.able_since >= time;
  }

  [[nodiscard]] bool unable_for(
      ExporterId exporter, NodeId node, Instant::duration time, Instant now
  ) const {
    const Condition& condition = of(exporter, node);
    return condition.unable_since && now - *condition.unable_since >= time;
  }

 private:
  std::map<std::pair<ExporterId, NodeId>, Condition> conditions_;
};

}  // namespace pgrepl::simulation
