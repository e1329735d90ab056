// One exporter of a film: the real code that watches, on the simulated loop, network and names.
#pragma once

#include "cluster/event_log.h"
#include "fetch/outside.h"
#include "pages/picture.h"
#include "simulation/simulated_network.h"
#include "start/setup.h"
#include "watch/watch.h"

#include <memory>
#include <string>
#include <vector>

namespace pgrepl::simulation {

// One page that somebody asked for.
struct Scrape {
  Instant asked;
  Instant patience;  // how long the asker waits
  std::optional<Instant> answered{};
  std::size_t bytes = 0;  // of the page; 0 when there was none
};

class Exporter {
 public:
  Exporter(loop::Loop loop, Exchange& exchange, ExporterId id, Setup setup);
  ~Exporter() = default;
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  void stop() { watch_.stop(); }

  // Nothing of it runs any more, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const;

  void reload(Setup setup);
  void scrape(milliseconds patience);
  // A server by its address, on /probe.
  void probe(const std::string& target, milliseconds patience);

  // What it shows; null before it has shown anything.
  [[nodiscard]] std::shared_ptr<const pages::Picture> picture() const { return watch_.picture(); }

  // Since it started; the first `told` of them are left out.
  [[nodiscard]] std::vector<cluster::LoggedEvent> events_after(std::size_t told) const;

  [[nodiscard]] Instant started() const { return started_; }

  // When it was last told to watch something else; its start before that.
  [[nodiscard]] Instant configured() const { return configured_; }

  [[nodiscard]] const std::vector<Scrape>& scrapes() const { return scrapes_; }

  // When /metrics was last asked for; its start before that.
  [[nodiscard]] Instant last_round() const { return last_round_; }

  // Who wait for a page or a probe.
  [[nodiscard]] std::size_t asking() const { return asking_; }

  // Of a page that nobody has answered yet, when it was due at the latest.
  [[nodiscard]] std::optional<Instant> oldest_due(milliseconds timeout) const;

 private:
  std::size_t begin(milliseconds patience);
  void run(asio::awaitable<void> task);
  asio::awaitable<void> ask_probe(
      http::ProbeRequest request, milliseconds patience, std::size_t number
  );
  asio::awaitable<void> ask(milliseconds patience, std::size_t number);

  loop::Loop loop_;
  SimulatedNetwork network_;
  SimulatedHttp http_;
  std::vector<Scrape> scrapes_;
  Instant started_;
  Instant configured_;
  Instant last_round_;
  mutable std::size_t first_open_ = 0;  // all before it are answered
  std::size_t asking_ = 0;
  watch::Watch watch_;
};

}  // namespace pgrepl::simulation
