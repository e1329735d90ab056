#include "e2e/alerting.h"

#include "support/wait_until.h"

#include <chrono>
#include <filesystem>
#include <fstream>

namespace pgrepl::testing {

namespace {

// The longest shortened `for` that a drill waits for is 30 seconds; the machine may be busy.
constexpr std::chrono::seconds kTold{120};

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream{path} << text;
}

std::string local(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

}  // namespace

Alerting::Alerting(std::uint16_t exporter_port) {
  const std::string script = std::string{PGREPL_SOURCE} + "/tests/e2e/shorten_alerts.py";
  run({.arguments = {"/usr/bin/python3", script, folder_.path(), std::to_string(webhook_.port())}});
  scrape(exporter_port);
  start_alertmanager();
  start_prometheus();
  await(
      "the watchdog arrives", [&] { return webhook_.count("deadman", "firing") > 0; }, kTold
  );
}

void Alerting::scrape(std::uint16_t exporter_port) {
  // Renamed into its place, so that Prometheus never reads half a file.
  const auto path = folder_.path() / "targets.json";
  write(path.string() + ".new", R"([{"targets": [")" + local(exporter_port) + R"("]}])");
  std::filesystem::rename(path.string() + ".new", path);
}

bool Alerting::hears(std::string_view receiver, std::string_view status, std::string_view alert)
    const {
  return wait_until([&] { return webhook_.count(receiver, status, alert) > 0; }, kTold);
}

void Alerting::let_settle(std::size_t watchdogs) const {
  const std::size_t enough = webhook_.count("deadman", "firing") + watchdogs;
  await(
      "the watchdog goes on", [&] { return webhook_.count("deadman", "firing") >= enough; }, kTold
  );
}

void Alerting::start_alertmanager() {
  const std::string folder = folder_.path();
  alertmanager_ = std::make_unique<Process>(Command{
      .arguments =
          {"/usr/bin/prometheus-alertmanager",
           "--config.file=" + folder + "/alertmanager.yml",
           "--storage.path=" + folder + "/alertmanager",
           "--cluster.listen-address=",
           "--web.listen-address=" + local(alertmanager_port_.number())},
      .log = folder + "/alertmanager.log"});
}

void Alerting::start_prometheus() {
  const std::string folder = folder_.path();
  std::string rules;
  for (const auto* name :
       {"recording", "availability", "replication", "slots-wal", "capacity", "monitoring"}) {
    rules += "  - " + folder + "/" + name + ".yml\n";
  }
  write(
      folder + "/prometheus.yml",
      "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }\n"
      "rule_files:\n" +
          rules + "alerting:\n  alertmanagers:\n    - static_configs: [{ targets: ['" +
          local(alertmanager_port_.number()) +
          "'] }]\n"
          "scrape_configs:\n  - job_name: postgres\n"
          "    file_sd_configs: [{ files: ['" +
          folder + "/targets.json'], refresh_interval: 1s }]\n"
  );
  prometheus_ = std::make_unique<Process>(Command{
      .arguments =
          {"/usr/bin/prometheus",
           "--config.file=" + folder + "/prometheus.yml",
           "--storage.tsdb.path=" + folder + "/prometheus",
           "--web.listen-address=" + local(prometheus_port_.number())},
      .log = folder + "/prometheus.log"});
}

}  // namespace pgrepl::testing
