// What the user asked for, validated: load() returns the only Config there is.
#pragma once

#include "config/discovery.h"
#include "config/endpoint.h"
#include "config/limits.h"
#include "config/pgbouncer.h"
#include "pg/conninfo.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::config {

using Milliseconds = std::chrono::milliseconds;

struct Web {
  std::vector<std::string> listen_addresses{":9187"};
  std::string telemetry_path = "/metrics";
  std::string config_file;                        // TLS, logins and headers; empty: none
  bool enable_lifecycle = false;                  // POST /-/reload is answered
  std::size_t max_connections = 512;              // of HTTP clients, open at once
  std::size_t max_connections_per_address = 256;  // of one client address

  friend bool operator==(const Web&, const Web&) = default;
};

struct Sampling {
  Milliseconds tick{1000};     // how often positions are read
  Milliseconds timeout{3000};  // a scrape waits no longer for any server
  Milliseconds connect_timeout{2000};
  Milliseconds statement_timeout{2000};  // set on the server, for every statement of ours
  Milliseconds lock_timeout{100};        // likewise
  // A round of a server that began sooner after its last one brings what that brought; 0: always
  // anew. Of `limits`.
  Milliseconds min_round_interval{0};
  int observers = 3;  // at most so many exporters read a server in full; 0: all

  friend bool operator==(const Sampling&, const Sampling&) = default;
};

struct LagThresholds {
  std::optional<Milliseconds> warning;
  std::optional<Milliseconds> critical;

  friend bool operator==(const LagThresholds&, const LagThresholds&) = default;
};

struct Objectives {
  std::optional<Milliseconds> rpo;
  std::optional<Milliseconds> rto;
};

// Where a standby gets its WAL from, where restore_command does not say it.
enum class FedBy : std::uint8_t { Archive };

struct Server {
  std::string name;  // "host:port" when the user gave none; unique in its cluster
  pg::ConnInfo conninfo;
  LagThresholds lag_thresholds;  // its own, else the cluster's
  std::optional<FedBy> fed_by{};

  friend bool operator==(const Server&, const Server&) = default;
};

// Whether a cluster has its primary among its servers, or follows one elsewhere.
enum class ClusterRole : std::uint8_t { Origin, Standby };

struct Cluster {
  std::string name = "default";
  std::map<std::string, std::string> labels;  // added to every series of the cluster
  std::vector<Server> servers;
  std::vector<Discovery> discovery;
  std::vector<Endpoint> endpoints;
  std::vector<PgBouncer> pgbouncers;
  // How long a server that no source lists any more stays visible.
  Milliseconds forget_after{std::chrono::minutes{15}};
  std::optional<int> expected_standbys;
  Objectives objectives;
  LagThresholds lag_thresholds;
  std::optional<ClusterRole> role{};     // absent: found by evidence
  std::optional<std::string> follows{};  // another cluster of the file; then the role is Standby
};

struct Queries {
  std::vector<std::string> files;    // patterns as in a shell; later files replace by name
  std::vector<std::string> enable;   // names of queries that the catalogue leaves off
  std::vector<std::string> disable;  // names of queries that must not run
  std::vector<std::string> include_databases;  // patterns; * stands for any text
  std::vector<std::string> exclude_databases;  // likewise
  bool legacy_names = false;  // older releases' names of the community exporter as well
};

// Who may be probed beyond the known servers.
struct Probe {
  std::vector<std::string> allowed_targets;  // of host:port; * stands for any text
};

// A login for /probe.
struct AuthModule {
  std::string username;
  std::optional<pg::Secret> password;
  std::optional<std::string> password_file;
  std::vector<std::pair<std::string, std::string>> options;  // keywords of libpq
};

struct Config {
  Web web;
  Sampling sampling;
  Limits limits;
  std::vector<Cluster> clusters;
  Queries queries;
  Probe probe;
  std::map<std::string, AuthModule> auth_modules;
  pg::ConnInfo defaults;  // for targets of /probe that no cluster has
};

}  // namespace pgrepl::config
