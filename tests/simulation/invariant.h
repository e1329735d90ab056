// What must always hold, each in a class of its own. docs/simulation.md says what each promises.
#pragma once

#include "cluster/event_log.h"
#include "pages/picture.h"
#include "simulation/exporter.h"
#include "simulation/health.h"
#include "simulation/ledger.h"
#include "simulation/scenario.h"
#include "simulation/world.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::simulation {

struct Violation {
  std::string invariant;  // "I1"
  Instant at{};
  std::string text{};
};

// What is true, for comparison with what is shown.
struct Truth {
  const Scenario& scenario;
  World& world;
  Ledger& ledger;
  const SimulatedClock& clock;
  Health health;
  std::vector<std::string> logged{};  // warnings and errors since the last step
};

// What one exporter shows, when it shows something new.
struct View {
  ExporterId exporter;
  const pages::Picture& picture;
  const cluster::Cluster& cluster;
  const std::vector<cluster::LoggedEvent>& events;  // since the last view
  Instant started;                                  // the exporter
  Instant configured;                               // its list, last
  Instant last_round;                               // when /metrics was last asked for
};

class Invariant {
 public:
  Invariant() = default;
  virtual ~Invariant() = default;
  Invariant(const Invariant&) = delete;
  Invariant& operator=(const Invariant&) = delete;

  // The exporter forgets everything.
  virtual void on_start(ExporterId) {}

  virtual void on_view(const Truth&, const View&) {}

  virtual void on_step(const Truth&, const std::vector<const Exporter*>&) {}

  // Faults have ceased for long; what is shown now, by each exporter.
  virtual void on_calm(const Truth&, const std::vector<View>&) {}

  // All exporters are gone.
  virtual void on_end(const Truth&) {}

  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }

 protected:
  // Only the first one is kept.
  void violated(const char* invariant, Instant at, std::string text) {
    if (!violation_) {
      violation_ = Violation{invariant, at, std::move(text)};
    }
  }

 private:
  std::optional<Violation> violation_;
};

[[nodiscard]] std::vector<std::unique_ptr<Invariant>> all_invariants();

// The node that a server of the picture is; absent for an address where nobody is.
[[nodiscard]] std::optional<NodeId> node_of(const World& world, const cluster::Server& server);

}  // namespace pgrepl::simulation
