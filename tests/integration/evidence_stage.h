// Real servers watched by a real exporter, asked in the words of the rules of evidence.
#pragma once

#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::testing {

class EvidenceStage : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  void watch(const std::vector<std::string>& conninfos) {
    std::string names;
    for (const std::string& conninfo : conninfos) {
      names += (names.empty() ? "" : ",") + conninfo;
    }
    exporter_ =
        std::make_unique<Exporter>(ExporterOptions{.environment = {{"DATA_SOURCE_NAME", names}}});
  }

  // All but the first lines of a configuration file, in which servers log in as monitor.
  void watch_file(const std::string& yaml, std::vector<std::string> arguments = {}) {
    const auto file = folder_.path() / "exporter.yaml";
    std::ofstream{file} << "defaults: { user: monitor, dbname: postgres }\n" << yaml;
    arguments.push_back("--config.file=" + file.string());
    exporter_ = std::make_unique<Exporter>(ExporterOptions{.arguments = std::move(arguments)});
  }

  // An entry of `servers:`, named as everywhere here.
  static std::string entry_of(const PgServer& server) {
    return "{ name: \"" + name_of(server) +
           "\", host: 127.0.0.1, port: " + std::to_string(server.port()) + " }";
  }

  void watch_servers(const std::vector<const PgServer*>& servers) {
    std::vector<std::string> conninfos;
    for (const PgServer* server : servers) {
      conninfos.push_back(server->conninfo("monitor"));
    }
    watch(conninfos);
  }

  static std::string name_of(const PgServer& server) {
    return "127.0.0.1:" + std::to_string(server.port());
  }

  [[nodiscard]] const Exporter& exporter() const { return *exporter_; }

  // The state that is 1 on a new page; empty when there is none.
  [[nodiscard]] std::string state(const PgServer& server) const {
    for (const Series& series : exporter_->scrape()) {
      if (series.name == "pg_standby_state" && series.value == 1 &&
          series.labels.at("server") == name_of(server)) {
        return series.labels.at("state");
      }
    }
    return "";
  }

  [[nodiscard]] std::optional<double> lag(const PgServer& server) const {
    return exporter_->value("pg_standby_lag_seconds", {{"server", name_of(server)}});
  }

  // How far the truth may be from the lag.
  [[nodiscard]] std::optional<double> uncertainty(const PgServer& server) const {
    return exporter_->value("pg_standby_lag_uncertainty_seconds", {{"server", name_of(server)}});
  }

  // How many events there are whose message or kind holds this text.
  [[nodiscard]] std::size_t events_with(const std::string& text) const {
    const std::string all = exporter_->get("/api/v1/events").body;
    std::size_t count = 0;
    for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) {
      ++count;
    }
    return count;
  }

  [[nodiscard]] bool has(const std::string& anomaly) const {
    return exporter_->value("pg_cluster_anomaly", {{"anomaly", anomaly}}) == 1;
  }

  [[nodiscard]] int check(const PgServer& server, const std::string& what) const {
    return exporter_->get("/servers/" + name_of(server) + "/" + what).status;
  }

  // All problems in words.
  [[nodiscard]] std::string problems() const { return exporter_->get("/api/v1/clusters").body; }

  [[nodiscard]] bool becomes(const PgServer& server, const std::string& wanted) const {
    return wait_until([&] { return state(server) == wanted; });
  }

  [[nodiscard]] bool shows(const std::string& anomaly) const {
    return wait_until([&] { return has(anomaly); });
  }

  // A table with about this many kilobytes of WAL.
  static void write(const PgServer& server, int kilobytes = 1) {
    server.execute(
        "CREATE TABLE IF NOT EXISTS t(x text); INSERT INTO t SELECT repeat('x', 900) FROM "
        "generate_series(1, " +
        std::to_string(kilobytes) + ")"
    );
  }

  // The data directory of a stopped server starts as a standby of `upstream` next time.
  static void make_standby_of(const PgServer& server, const PgServer& upstream) {
    const auto signal = server.data_directory() / "standby.signal";
    std::ofstream{signal} << "";
    std::ofstream{server.data_directory() / "testkit.conf", std::ios::app}
        << "primary_conninfo = 'host=127.0.0.1 port=" << upstream.port() << " user=replicator'\n";
  }

 private:
  TemporaryDirectory folder_;
  std::unique_ptr<Exporter> exporter_;
};

// For what differs by major version: the test is run on each of them. One that is not installed is
// skipped, since most machines have the server of their distribution alone.
class EvidenceByMajor : public EvidenceStage, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    PGREPL_REQUIRE_POSTGRES();
    for (const PgInstallation& installation : installed_postgres()) {
      if (installation.major == GetParam()) {
        return;
      }
    }
    GTEST_SKIP() << "PostgreSQL " << GetParam() << " is not installed";
  }
};

inline auto evidence_majors() {
  return ::testing::Values(13, 15, 17, 18);
}

inline std::string name_of_major(const ::testing::TestParamInfo<int>& major) {
  return std::to_string(major.param);
}

}  // namespace pgrepl::testing
