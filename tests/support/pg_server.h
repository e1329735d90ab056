// One PostgreSQL server of a PgCluster: started as our own child, asked and changed through libpq.
#pragma once

#include "support/pg_connection.h"
#include "support/pg_installation.h"
#include "support/process.h"
#include "support/reserved_port.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::testing {

enum class Shutdown : std::uint8_t { Fast, Immediate };

class PgServer {
 public:
  // A server without a data directory; `home` is the cluster's folder. PgCluster makes servers.
  PgServer(std::string name, PgInstallation installation, const std::filesystem::path& home);
  ~PgServer();
  PgServer(const PgServer&) = delete;
  PgServer& operator=(const PgServer&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  [[nodiscard]] std::uint16_t port() const { return port_.number(); }

  [[nodiscard]] int major() const { return installation_.major; }

  [[nodiscard]] const std::filesystem::path& data_directory() const { return data_directory_; }

  [[nodiscard]] pid_t pid() const { return postmaster_ ? postmaster_->pid() : -1; }

  // `user` is "monitor" (only a member of pg_monitor), "replicator" or "postgres".
  [[nodiscard]] std::string conninfo(const std::string& user = "monitor") const;

  // All that the server logged since it was made.
  [[nodiscard]] std::string log() const;

  // Each as superuser on a connection of its own.
  [[nodiscard]] PgConnection connect() const;
  std::vector<Row> execute(const std::string& sql) const;
  [[nodiscard]] std::optional<std::string> query_value(const std::string& sql) const;

  // Returns when the server answers queries; throws with its log when it does not start.
  void start();

  // Returns at once, before the server takes connections.
  void launch();

  // Nothing is asked of the server, so that it works on one that is frozen as well.
  void stop(Shutdown how = Shutdown::Fast);

  // As a crash or the out-of-memory killer would: SIGKILL to all of its processes.
  void kill();

  // SIGSTOP to the postmaster and all its children: the kernel still takes connections, nobody
  // answers.
  void freeze();
  void thaw();

  [[nodiscard]] bool running();
  [[nodiscard]] bool in_recovery() const;

  void pause_replay() const;
  void resume_replay() const;

  // Returns when the standby has become a primary.
  void promote() const;

  // Appends to the configuration file, which the running server then reads again.
  void configure(const std::vector<std::string>& settings) const;

  // Receives WAL from that port from now on; only for standbys.
  void follow(std::uint16_t upstream_port) const;

  [[nodiscard]] PgServer* upstream() const { return upstream_; }

 private:
  friend class PgCluster;

  void write_settings(const std::vector<std::string>& settings) const;
  void expect_end(const std::string& what);

  std::string name_;
  PgInstallation installation_;
  std::filesystem::path home_;
  std::filesystem::path data_directory_;
  ReservedPort port_;
  PgServer* upstream_ = nullptr;
  std::string replication_options_;  // of primary_conninfo, without host and port
  std::unique_ptr<Process> postmaster_;
  std::unique_ptr<Process> frozen_guard_;  // ends the frozen server when we are killed
  std::vector<pid_t> frozen_;
};

// As a value of postgresql.conf and of SQL: in quotes, with quotes inside doubled.
[[nodiscard]] std::string quoted(const std::string& text);

}  // namespace pgrepl::testing
