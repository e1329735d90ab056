// A real Prometheus and Alertmanager with the shipped rules, whose waiting times are shortened by
// shorten_alerts.py, and a webhook that receives what they have to say.
#pragma once

#include "e2e/webhook.h"
#include "support/pg_installation.h"
#include "support/process.h"
#include "support/reserved_port.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pgrepl::testing {

class Alerting {
 public:
  // Scrapes the exporter at this port every second; returns when the watchdog has arrived.
  explicit Alerting(std::uint16_t exporter_port);

  // From now on the exporter is there.
  void scrape(std::uint16_t exporter_port);

  [[nodiscard]] const Webhook& webhook() const { return webhook_; }

  // True once the webhook has been told, false with the patience at an end.
  [[nodiscard]] bool hears(
      std::string_view receiver, std::string_view status, std::string_view alert
  ) const;

  // Returns after as many further messages of the watchdog, of which one comes every five seconds
  // or so: what was on its way has arrived by then.
  void let_settle(std::size_t watchdogs = 3) const;

 private:
  void start_alertmanager();
  void start_prometheus();

  TemporaryDirectory folder_;
  Webhook webhook_;
  ReservedPort alertmanager_port_;
  ReservedPort prometheus_port_;
  std::unique_ptr<Process> alertmanager_;
  std::unique_ptr<Process> prometheus_;
};

}  // namespace pgrepl::testing
