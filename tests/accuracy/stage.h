// A primary, a standby behind a gate on each side, the exporter and the heartbeat.
#pragma once

#include "accuracy/heartbeat.h"
#include "accuracy/measurement.h"
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/tcp_gate.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace pgrepl::accuracy {

using testing::PgCluster;
using testing::PgServer;
using testing::TcpGate;

struct StageOptions {
  int major = 0;
  std::chrono::milliseconds apply_delay{0};
  bool cascade = false;          // the standby that is watched hangs on another one
  bool without_primary = false;  // the exporter is not told of the primary
  bool archive = false;          // the standby has a restore_command, and all others archive
  bool archive_only = false;     // and it has no primary_conninfo
  bool promotable = false;       // another standby is beside it, which archives too
  std::string slow_where;        // a query of 1.5 s in each round on servers for which this holds
};

class Stage {
 public:
  explicit Stage(const StageOptions& options)
      : without_primary_(options.without_primary),
        asks_before_(options.archive || options.archive_only || !options.slow_where.empty()),
        cluster_({.major = options.major, .archive = options.archive || options.archive_only}) {
    PgServer* upstream = &cluster_.primary();
    if (options.cascade || options.promotable) {
      middle_ = &cluster_.add_standby({.name = "middle", .settings = archiving(options.archive)});
      upstream = options.cascade ? middle_ : upstream;
    }
    if (!options.slow_where.empty()) {
      slow_queries_ = folder_.path() / "slow.yaml";
      std::ofstream{slow_queries_} << "slow:\n  query: \"SELECT 1 AS n FROM pg_sleep(1.5) WHERE "
                                   << options.slow_where
                                   << "\"\n  metrics: [{ n: { usage: GAUGE } }]\n";
    }
    replication_gate_ = std::make_unique<TcpGate>(upstream->port());
    standby_ = &cluster_.add_standby(
        {.name = "watched",
         .upstream = upstream,
         .upstream_port = replication_gate_->port(),
         .apply_delay = options.apply_delay,
         .restore_from_archive = options.archive || options.archive_only,
         .settings = options.archive_only ? std::vector<std::string>{"primary_conninfo = ''"}
                                          : std::vector<std::string>{}}
    );
    monitor_gate_ = std::make_unique<TcpGate>(standby_->port());
    writer_ = std::make_unique<HeartbeatWriter>(cluster_.primary().conninfo("postgres"));
    restart_exporter();
  }

  void restart_exporter() {
    exporter_.reset();
    std::string names = address(monitor_gate_->port());
    if (!without_primary_) {
      names = cluster_.primary().conninfo("monitor") + "," + names;
    }
    if (middle_ != nullptr) {
      names += "," + middle_->conninfo("monitor");
    }
    testing::ExporterOptions options{.environment = {{"DATA_SOURCE_NAME", names}}};
    if (!slow_queries_.empty()) {
      options.arguments.push_back("--extend.query-path=" + slow_queries_.string());
    }
    exporter_ = std::make_unique<testing::Exporter>(options);
  }

  void stop_exporter() { exporter_.reset(); }

  // Samples every half second.
  void run(double seconds) {
    const auto end = Clock::now() + std::chrono::milliseconds{static_cast<long>(seconds * 1000)};
    auto next = Clock::now();
    while (Clock::now() < end) {
      sample();
      next += std::chrono::milliseconds{500};
      std::this_thread::sleep_until(next);
    }
  }

  // The standby is about to be out of our reach: what it shows now is what it goes on showing.
  void expect_silence() {
    asks_standby_ = false;
    shown_ = shown_heartbeat(*standby_).value_or(shown_);
  }

  void expect_answers() { asks_standby_ = true; }

  PgServer& primary() { return cluster_.primary(); }

  PgServer& standby() { return *standby_; }

  PgServer& middle() { return *middle_; }

  TcpGate& replication() { return *replication_gate_; }

  TcpGate& monitoring() { return *monitor_gate_; }

  HeartbeatWriter& writer() { return *writer_; }

  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }

 private:
  static std::string address(std::uint16_t port) {
    return "host=127.0.0.1 user=monitor dbname=postgres port=" + std::to_string(port);
  }

  [[nodiscard]] std::vector<std::string> archiving(bool wanted) const {
    if (!wanted) {
      return {};
    }
    const auto target = cluster_.archive_directory().string() + "/%f";
    return {"archive_mode = on", "archive_command = " + testing::quoted("cp %p " + target)};
  }

  void sample() {
    const testing::Labels labels{{"server", "127.0.0.1:" + std::to_string(monitor_gate_->port())}};
    Sample taken;
    if (asks_before_) {
      const auto before = shown_heartbeat(*standby_).value_or(shown_);
      taken.truth_before = writer_->age(before, Clock::now());
    }
    // The page of a server that has just been frozen takes a while; it is true when it arrives.
    const auto page = exporter_->scrape();
    const auto at = Clock::now();
    const auto shown = asks_standby_ ? shown_heartbeat(*standby_) : std::nullopt;
    taken.truth_error = seconds_between(at, Clock::now());
    shown_ = shown.value_or(shown_);
    taken.at = seconds_between(began_, at);
    taken.truth = writer_->age(shown_, at);
    taken.truth_error += writer_->delay_after(shown_);
    taken.value = find_value(page, "pg_standby_lag_seconds", labels);
    taken.uncertainty = find_value(page, "pg_standby_lag_uncertainty_seconds", labels);
    if (asks_standby_) {
      ask_usual_formulas(taken);
    }
    samples_.push_back(taken);
  }

  void ask_usual_formulas(Sample& taken) const {
    constexpr const char* kAge =
        "extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())";
    try {
      const auto age = standby_->query_value(std::string{"SELECT "} + kAge);
      const auto equal = standby_->query_value(
          std::string{"SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() "
                      "THEN 0 ELSE "} +
          kAge + " END"
      );
      taken.by_timestamp = age ? std::optional{std::stod(*age)} : std::nullopt;
      taken.by_equality = equal ? std::optional{std::stod(*equal)} : std::nullopt;
    } catch (const std::exception&) {
      // It does not answer: neither formula has a value then.
    }
  }

  bool without_primary_ = false;
  bool asks_before_ = false;  // the truth moves while a page is made
  testing::TemporaryDirectory folder_;
  std::filesystem::path slow_queries_;
  PgCluster cluster_;
  PgServer* standby_ = nullptr;
  PgServer* middle_ = nullptr;
  std::unique_ptr<TcpGate> replication_gate_;
  std::unique_ptr<TcpGate> monitor_gate_;
  std::unique_ptr<HeartbeatWriter> writer_;
  std::unique_ptr<testing::Exporter> exporter_;
  std::vector<Sample> samples_;
  std::int64_t shown_ = 0;
  bool asks_standby_ = true;
  Clock::time_point began_ = Clock::now();
};

}  // namespace pgrepl::accuracy
