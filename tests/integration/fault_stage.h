// A cluster of two servers, the standby behind a gate, and an exporter that watches both: what must
// hold of it whatever befalls the standby, or the exporter itself.
#pragma once

#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/tcp_gate.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::testing {

enum class Way : std::uint8_t { ThroughGate, Direct };

struct FaultOptions {
  Way way = Way::ThroughGate;  // from the exporter to pg-2
  std::string extra = {};      // added to pg-2's entry, ", key: value"
  std::string more = {};       // further lines of the configuration
  std::string tick = "500ms";
  std::string timeout = "1s";
  std::string connect_timeout = "1s";
  std::string statement_timeout = "800ms";
};

// For tests of what is no fault: a busy machine must not make it one.
inline const FaultOptions kPatient{
    .tick = "2s", .timeout = "5s", .connect_timeout = "5s", .statement_timeout = "4s"};

// Servers of their own for all tests of one fixture, since starting them costs more than a test.
struct FaultStage {
  static constexpr std::chrono::milliseconds kTick{500};
  static constexpr std::chrono::milliseconds kTimeout{1000};  // connect_timeout too

  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
  TcpGate gate{standby.port()};
  TemporaryDirectory folder;

  [[nodiscard]] std::string configuration(const FaultOptions& options) const;

  // A configuration file of that text.
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const;
};

// An exporter of such a cluster.
class FaultWatch {
 public:
  explicit FaultWatch(
      const FaultStage& stage, const FaultOptions& options = {}, ExporterOptions exporter = {}
  );

  Exporter& exporter() { return exporter_; }

  [[nodiscard]] bool is_up(const std::string& server = "pg-2") const;

  // The fault has come: the page says so of pg-2 and why, at once and after further attempts;
  // nothing measured of pg-2 is served any more; pg-1 is as it was; no connection is too many; the
  // log has one line.
  void expect_down(const std::string& reason, int attempts = 3) const;

  // The fault is over: pg-2 answers again within two ticks, with one line in the log and two
  // connections at most.
  void expect_recovery(std::chrono::milliseconds further = {}) const;

  // Both answer, with one page and two connections each.
  void expect_well() const;

  // Of our role on pg-2, as the server counts them; waits for those that end.
  void expect_two_connections() const;

  // Lines of the log that hold both.
  [[nodiscard]] std::size_t lines(const std::string& server, const std::string& text) const;

 private:
  // Lines that say of pg-2 that it does not answer for this reason, since it last answered: on a
  // busy machine it may have been late before.
  [[nodiscard]] std::size_t complaints(const std::string& reason) const;

  const FaultStage& stage_;
  Exporter exporter_;
};

// A fixture's stage, made by its first test.
class FaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PGREPL_REQUIRE_POSTGRES();
    if (stage_ == nullptr) {
      stage_ = std::make_unique<FaultStage>();
    }
  }

  static void TearDownTestSuite() { stage_.reset(); }

  static FaultStage& stage() { return *stage_; }

 private:
  static inline std::unique_ptr<FaultStage> stage_;
};

// Counts backends of the role `monitor`.
[[nodiscard]] int monitor_connections(const PgServer& server);

// Ends them.
void terminate_monitor(const PgServer& server);

}  // namespace pgrepl::testing
