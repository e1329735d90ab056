// A primary and its standbys: real servers in a temporary folder, all gone with the object.
//
//   PgCluster cluster{{.major = 15}};
//   PgServer& standby = cluster.add_standby({.name = "pg-2", .slot = "pg_2"});
//   standby.pause_replay();
//
// Servers end with the thread that started them: start them on the test's own thread.
#pragma once

#include "support/pg_installation.h"
#include "support/pg_server.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::testing {

struct PrimaryOptions {
  int major = 0;  // 0: the newest installed
  std::string name = "pg-1";
  std::string cluster_name = {};
  std::string synchronous_standby_names = {};
  bool archive = false;  // archive_mode and archive_command into the cluster's folder
  std::vector<std::string> settings = {};  // further lines of postgresql.conf
};

struct StandbyOptions {
  std::string name = {};
  std::string slot = {};            // made on the upstream; none if empty
  PgServer* upstream = nullptr;     // the primary, or a standby for a cascade
  std::uint16_t upstream_port = 0;  // of a TcpGate before the upstream; its own port if 0
  std::optional<std::string> application_name = {};  // the name if absent; empty leaves it out
  std::string cluster_name = {};
  std::chrono::milliseconds apply_delay{0};
  bool restore_from_archive = false;  // restore_command from the cluster's archive
  std::vector<std::string> settings = {};
};

class PgCluster {
 public:
  explicit PgCluster(const PrimaryOptions& options = {});
  ~PgCluster();
  PgCluster(const PgCluster&) = delete;
  PgCluster& operator=(const PgCluster&) = delete;

  [[nodiscard]] PgServer& primary() { return *servers_.front(); }

  // Copies the upstream's primary, starts the copy and returns when it answers queries.
  PgServer& add_standby(const StandbyOptions& options);

  // Throws away the data of a server and makes it a standby, as after a failover; its port stays.
  void rebuild(PgServer& server, const StandbyOptions& options);

  // Returns when `standby` has replayed all that its primary has written by now.
  void wait_until_caught_up(PgServer& standby);

  [[nodiscard]] std::filesystem::path archive_directory() const {
    return folder_.path() / "archive";
  }

 private:
  [[nodiscard]] std::vector<std::string> common_settings(const PgServer& server) const;
  void make_standby(PgServer& server, const StandbyOptions& options);
  void copy_data(PgServer& from, const PgServer& to);

  PgInstallation installation_;
  TemporaryDirectory folder_;
  DataDirectoryLease template_;
  std::vector<std::unique_ptr<PgServer>> servers_;
};

}  // namespace pgrepl::testing
