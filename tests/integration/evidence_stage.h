// Real servers watched by a real exporter, asked in the words of the rules of evidence.
#pragma once

#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
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
  std::unique_ptr<Exporter> exporter_;
};

}  // namespace pgrepl::testing
