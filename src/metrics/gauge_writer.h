// Adds gauges that share their labels; values that are absent add nothing.
#pragma once

#include "cluster/cluster.h"
#include "config/config.h"
#include "exposition/family.h"
#include "metrics/cluster_families.h"

#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace pgrepl::metrics {

class GaugeWriter {
 public:
  GaugeWriter(Families& families, Labels labels)
      : families_(families), labels_(std::move(labels)) {}

  void gauge(std::string_view name, std::string_view help, std::optional<double> value) {
    if (value) {
      families_.add(name, prometheus::MetricType::Gauge, help, labels_, *value);
    }
  }

  // One series more, with further labels.
  void gauge(
      std::string_view name,
      std::string_view help,
      std::initializer_list<Label> more,
      std::optional<double> value
  ) {
    if (value) {
      Labels labels = labels_;
      labels.add(more);
      families_.add(name, prometheus::MetricType::Gauge, help, labels, *value);
    }
  }

  [[nodiscard]] const Labels& labels() const { return labels_; }

 private:
  Families& families_;
  Labels labels_;
};

// What the families of a server and of a standby are written from.
void add_server_families(const ClusterView& view, const cluster::Server& server, GaugeWriter& out);
void add_endpoint_families(const cluster::EndpointStatus& status, GaugeWriter& out);
void add_sender_families(const ClusterView& view, const cluster::Server& server, GaugeWriter& out);
void add_slot_families(const cluster::SlotStatus& status, GaugeWriter& out);
void add_standby_families(
    const ClusterView& view,
    const cluster::Server& server,
    const cluster::Standby& standby,
    GaugeWriter& out
);

inline std::optional<double> seconds(const std::optional<cluster::Seconds>& time) {
  return time ? std::optional{time->count()} : std::nullopt;
}

template <class T>
std::optional<double> number(const std::optional<T>& value) {
  return value ? std::optional{static_cast<double>(*value)} : std::nullopt;
}

inline double truth(bool value) {
  return value ? 1 : 0;
}

inline double wall_clock(const ClusterView& view, cluster::Instant at) {
  return view.wall_clock_now - cluster::Seconds{view.now - at}.count();
}

inline const cluster::TickReading* reading_of(const cluster::Server& server) {
  return server.sample.tick ? &server.sample.tick->reading : nullptr;
}

inline std::optional<double> seconds(const std::optional<config::Milliseconds>& time) {
  return time ? std::optional{cluster::Seconds{*time}.count()} : std::nullopt;
}

}  // namespace pgrepl::metrics
