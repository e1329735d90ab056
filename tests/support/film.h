// A cluster over time: each picture is what the servers say at one instant.
#pragma once

#include "cluster/observe.h"
#include "support/builders.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::testing {

using Samples = std::vector<cluster::ServerSample>;

class Film {
 public:
  Film() = default;

  explicit Film(cluster::Watched watched) : watched_(std::move(watched)) {}

  const cluster::Cluster& show(double at, const Samples& samples) {
    auto seen = cluster::observe(watched_, samples, std::move(memory_), instant(at));
    memory_ = std::move(seen.memory);
    cluster_ = std::move(seen.cluster);
    std::ranges::move(seen.events, std::back_inserter(events_));
    return cluster_;
  }

  // One picture a second from `from` to `to`, both included.
  const cluster::Cluster& run(int from, int to, const std::function<Samples(int)>& scene) {
    for (int second = from; second <= to; ++second) {
      show(second, scene(second));
    }
    return cluster_;
  }

  // As of an exporter that was started anew.
  void restart_exporter() {
    memory_ = {};
    events_.clear();
  }

  [[nodiscard]] const cluster::Cluster& cluster() const { return cluster_; }

  [[nodiscard]] const cluster::Memory& memory() const { return memory_; }

  [[nodiscard]] const cluster::Server& server(const std::string& name) const {
    return *std::ranges::find_if(cluster_.servers, [&name](const cluster::Server& one) {
      return one.sample.name == name;
    });
  }

  [[nodiscard]] const cluster::Standby& standby(const std::string& name) const {
    return server(name).standby.value();
  }

  [[nodiscard]] cluster::StandbyState state(const std::string& name) const {
    return standby(name).state;
  }

  [[nodiscard]] std::optional<double> lag(const std::string& name) const {
    const auto& time = standby(name).lag.time;
    return time ? std::optional{time->count()} : std::nullopt;
  }

  [[nodiscard]] bool has(cluster::Anomaly anomaly) const { return !evidence(anomaly).empty(); }

  [[nodiscard]] std::string evidence(cluster::Anomaly anomaly) const {
    const auto found =
        std::ranges::find(cluster_.anomalies, anomaly, &cluster::AnomalyFinding::anomaly);
    return found == cluster_.anomalies.end() ? "" : found->evidence;
  }

  // Of all pictures so far; of one server where `server` is given.
  [[nodiscard]] std::size_t count(cluster::EventKind kind, const std::string& server = "") const {
    return static_cast<std::size_t>(std::ranges::count_if(events_, [&](const auto& event) {
      return event.kind == kind && (server.empty() || event.server == server);
    }));
  }

 private:
  cluster::Watched watched_{.name = "c"};
  cluster::Memory memory_;
  cluster::Cluster cluster_;
  std::vector<cluster::Event> events_;
};

// A primary writes 0x100 bytes a second.
inline std::string wal(double second) {
  return pg::to_string(pg::Lsn{0x10000U + static_cast<std::uint64_t>(0x100 * second)});
}

}  // namespace pgrepl::testing
