// One exporter of a film: the real code that watches, on the simulated loop, network and names.
#pragma once

#include "cluster/event_log.h"
#include "fetch/outside.h"
#include "pages/picture.h"
#include "simulation/simulated_network.h"
#include "start/setup.h"

#include <memory>
#include <string>
#include <vector>

namespace pgrepl::simulation {

// One page that somebody asked for.
struct Scrape {
  Instant asked;
  Instant patience;  // how long the asker waits
  std::optional<Instant> answered{};
};

class Exporter {
 public:
  Exporter(loop::Loop loop, Exchange& exchange, ExporterId id, Setup setup);
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  void stop();
  // Nothing of it runs any more, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const;

  void reload(Setup setup);
  void scrape(milliseconds patience);

  // What it shows; null before it has shown anything.
  [[nodiscard]] std::shared_ptr<const pages::Picture> picture() const;
  // Since it started; the first `told` of them are left out.
  [[nodiscard]] std::vector<cluster::LoggedEvent> events_after(std::size_t told) const;

  [[nodiscard]] Instant started() const { return started_; }

  // When it was last told to watch something else; its start before that.
  [[nodiscard]] Instant configured() const { return configured_; }

  [[nodiscard]] const std::vector<Scrape>& scrapes() const { return scrapes_; }

  [[nodiscard]] const config::Config& config() const;

 private:
  struct Parts;

  SimulatedNetwork network_;
  SimulatedHttp http_;
  std::vector<Scrape> scrapes_;
  Instant started_;
  Instant configured_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pgrepl::simulation
