// What endpoints answer from in their tests, instead of a monitor.
#pragma once

#include "endpoints/endpoints.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace pgrepl::http {

class FixedSource : public SnapshotSource {
 public:
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const pages::Picture> seen;
  std::shared_ptr<const cluster::EventLog> log;
  bool responsive = true;
  std::chrono::milliseconds asked_for{0};
  metrics::Selection selected;

  std::shared_ptr<const Snapshot> fresh(
      std::chrono::milliseconds timeout, metrics::Selection selection
  ) override {
    asked_for = timeout;
    selected = std::move(selection);
    return snapshot;
  }

  [[nodiscard]] std::optional<cluster::Instant> last_round() const override {
    return snapshot ? std::optional{snapshot->taken} : std::nullopt;
  }

  [[nodiscard]] std::shared_ptr<const pages::Picture> picture() const override { return seen; }

  [[nodiscard]] std::shared_ptr<const cluster::EventLog> events() const override { return log; }

  [[nodiscard]] ProbeAnswer probe(const ProbeRequest& request, std::chrono::milliseconds) override {
    probed = request;
    return probe_answer;
  }

  ProbeRequest probed;
  ProbeAnswer probe_answer{.status = 200, .text = "pg_up 1\n"};

  [[nodiscard]] bool is_responsive() const override { return responsive; }

  int reloads = 0;
  std::string mistakes;  // of the configuration that a reload reads; none when empty

  [[nodiscard]] Expected<void, std::string> reload() override {
    reloads += 1;
    return mistakes.empty() ? Expected<void, std::string>{}
                            : Unexpected<std::string>{std::string{mistakes}};
  }
};

inline Request get(std::string path, std::map<std::string, std::string> headers = {}) {
  return {.method = "GET", .path = std::move(path), .query = "", .headers = std::move(headers)};
}

inline Request get_with_query(std::string path, std::string query) {
  return {.method = "GET", .path = std::move(path), .query = std::move(query), .headers = {}};
}

}  // namespace pgrepl::http
