// What each path answers, from a snapshot. Knows nothing of sockets, nor of how rounds are run.
#pragma once

#include "cluster/event_log.h"
#include "endpoints/probe.h"
#include "endpoints/snapshot.h"
#include "http/server.h"
#include "metrics/selection.h"
#include "pages/picture.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace pgrepl::http {

// Where snapshots come from. Called from the HTTP server's threads.
class SnapshotSource {
 public:
  SnapshotSource() = default;
  SnapshotSource(const SnapshotSource&) = delete;
  SnapshotSource& operator=(const SnapshotSource&) = delete;
  virtual ~SnapshotSource() = default;

  // What the selection has, of a round, as far as it is known within `timeout`; null when the loop
  // does not answer.
  [[nodiscard]] virtual std::shared_ptr<const Snapshot> fresh(
      std::chrono::milliseconds timeout, metrics::Selection selection
  ) = 0;
  // When the last round ended; absent before the first has.
  [[nodiscard]] virtual std::optional<cluster::Instant> last_round() const = 0;
  // Of the last round or tick, whichever is later; null before the first.
  [[nodiscard]] virtual std::shared_ptr<const pages::Picture> picture() const = 0;
  // What has changed since the start; null while nothing has.
  [[nodiscard]] virtual std::shared_ptr<const cluster::EventLog> events() const = 0;
  // One server's series without cluster and server labels, or why there are none.
  [[nodiscard]] virtual ProbeAnswer probe(
      const ProbeRequest& request, std::chrono::milliseconds timeout
  ) = 0;
  // Whether the loop that watches the servers still turns.
  [[nodiscard]] virtual bool is_responsive() const = 0;
  // Reads the configuration anew; the error lists the mistakes that leave the old one in place.
  [[nodiscard]] virtual Expected<void, std::string> reload() = 0;
};

struct Site {
  std::string telemetry_path = "/metrics";
  bool lifecycle = false;  // POST /-/reload is answered
};

// `source` must outlive the handler.
[[nodiscard]] Handler make_handler(SnapshotSource& source, Site site);

// How long a scrape may take: the scraper's X-Prometheus-Scrape-Timeout-Seconds less a tenth for
// the way back; a minute when it does not say.
[[nodiscard]] std::chrono::milliseconds scrape_timeout(const Request& request);

}  // namespace pgrepl::http
