#include "integration/fault_stage.h"

#include "support/wait_until.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <utility>

namespace pgrepl::testing {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A busy machine delays us, the servers and the exporter alike.
constexpr auto kNoise = 2s;

Labels of(const std::string& server) {
  return {{"cluster", "main"}, {"server", server}};
}

Labels of(const std::string& server, const std::string& reason) {
  Labels labels = of(server);
  labels["reason"] = reason;
  return labels;
}

// Said of a server that does not answer: that it does not, why, and what the others know of it.
bool may_be_said_of_one_that_is_down(const Series& series) {
  constexpr std::array kPrefixes{
      "pg_up",
      "pg_exporter_",
      "pg_standby_",
      "pg_slot_",
      "pg_failover_ready",
      "pg_replication_lag_seconds"};
  return std::ranges::any_of(kPrefixes, [&series](const char* prefix) {
    return series.name.starts_with(prefix);
  });
}

ExporterOptions with_configuration(ExporterOptions options, const std::string& file) {
  options.arguments.push_back("--config.file=" + file);
  return options;
}

}  // namespace

std::string FaultStage::configuration(const FaultOptions& options) const {
  const auto port = options.way == Way::Direct ? standby.port() : gate.port();
  std::ostringstream text;
  text << "sampling: { tick: " << options.tick << ", timeout: " << options.timeout
       << ", connect_timeout: " << options.connect_timeout
       << ", statement_timeout: " << options.statement_timeout << " }\n"
       << "defaults: { user: monitor, dbname: postgres }\n"
       << "clusters:\n"
       << "  - name: main\n"
       << "    servers:\n"
       << "      - { name: pg-1, host: 127.0.0.1, port: " << primary.port() << " }\n"
       << "      - { name: pg-2, host: 127.0.0.1, port: " << port << options.extra << " }\n"
       << options.more;
  return text.str();
}

std::string FaultStage::write(const std::string& name, const std::string& text) const {
  const auto path = folder.path() / name;
  std::ofstream{path} << text;
  return path.string();
}

FaultWatch::FaultWatch(
    const FaultStage& stage, const FaultOptions& options, ExporterOptions exporter
)
    : stage_(stage),
      exporter_(with_configuration(
          std::move(exporter), stage.write("exporter.yml", stage.configuration(options))
      )) {
}

bool FaultWatch::is_up(const std::string& server) const {
  return exporter_.value("pg_up", of(server)) == 1;
}

std::size_t FaultWatch::lines(const std::string& server, const std::string& text) const {
  std::istringstream log{exporter_.output()};
  std::size_t count = 0;
  for (std::string line; std::getline(log, line);) {
    const bool about = line.find("server=" + server) != std::string::npos;
    count += about && line.find(text) != std::string::npos ? 1U : 0U;
  }
  return count;
}

std::size_t FaultWatch::complaints(const std::string& reason) const {
  std::istringstream log{exporter_.output()};
  std::size_t count = 0;
  for (std::string line; std::getline(log, line);) {
    if (line.find("server=pg-2") == std::string::npos) {
      continue;
    }
    if (line.find("answers as a") != std::string::npos) {
      count = 0;
    }
    count += line.find("does not answer (" + reason + ")") != std::string::npos ? 1U : 0U;
  }
  return count;
}

void FaultWatch::expect_down(const std::string& reason, int attempts) const {
  const auto said = [&] {
    const auto page = exporter_.scrape();
    return find_value(page, "pg_up_reason", of("pg-2", reason)) == 1 &&
           !find_value(page, "pg_server_timeline", of("pg-2")) &&
           find_value(page, "pg_exporter_errors_total", of("pg-2", reason)) >= attempts;
  };
  ASSERT_TRUE(wait_until(said, 15s)) << reason << "\n" << exporter_.output();
  const auto began = Clock::now();
  const auto page = exporter_.scrape();
  EXPECT_LT(Clock::now() - began, FaultStage::kTimeout) << "the page does not wait for pg-2";
  EXPECT_EQ(find_value(page, "pg_up", of("pg-2")), 0);
  EXPECT_EQ(find_value(page, "pg_up_reason", of("pg-2", "ok")), 0);
  EXPECT_EQ(find_value(page, "pg_up", of("pg-1")), 1);
  EXPECT_EQ(find_value(page, "pg_server_role", {{"server", "pg-1"}, {"role", "primary"}}), 1);
  EXPECT_TRUE(find_value(page, "pg_settings_max_connections", of("pg-1")));
  for (const Series& series : page) {
    const auto server = series.labels.find("server");
    if (server != series.labels.end() && server->second == "pg-2") {
      EXPECT_TRUE(may_be_said_of_one_that_is_down(series)) << series.name << " is served";
    }
  }
  EXPECT_EQ(exporter_.get("/-/healthy").status, 200);
  EXPECT_EQ(complaints(reason), 1U) << exporter_.output();
  // One that we have left stays until the gate has carried all its bytes.
  EXPECT_TRUE(wait_until([&] { return stage_.gate.connections() <= 2; }, 5s))
      << stage_.gate.connections();
}

void FaultWatch::expect_recovery(std::chrono::milliseconds further) const {
  const std::size_t before = lines("pg-2", "answers as a");
  const auto patience = 2 * FaultStage::kTick + FaultStage::kTimeout + kNoise + further;
  ASSERT_TRUE(wait_until([&] { return is_up(); }, patience)) << exporter_.output();
  EXPECT_LE(lines("pg-2", "answers as a"), before + 1) << exporter_.output();
  EXPECT_GE(lines("pg-2", "answers as a"), 1U) << exporter_.output();
  EXPECT_TRUE(exporter_.value("pg_wal_position_bytes", of("pg-2")));
  expect_two_connections();
}

void FaultWatch::expect_well() const {
  ASSERT_TRUE(wait_until([&] { return is_up("pg-1") && is_up("pg-2"); }, 10s))
      << exporter_.output();
  expect_two_connections();
}

void FaultWatch::expect_two_connections() const {
  // A backend whose client has gone ends a moment later.
  EXPECT_TRUE(wait_until([&] { return monitor_connections(stage_.standby) <= 2; }, 5s))
      << monitor_connections(stage_.standby);
}

int monitor_connections(const PgServer& server) {
  const auto count =
      server.query_value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'monitor'");
  return std::stoi(count.value_or("0"));
}

void terminate_monitor(const PgServer& server) {
  server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'monitor'"
  );
}

}  // namespace pgrepl::testing
