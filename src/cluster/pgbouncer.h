// What a PgBouncer says in its admin console, and which servers of the cluster its pools lead to.
#pragma once

#include "cluster/endpoint.h"
#include "cluster/sample.h"
#include "pg/result_set.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::cluster {

// The answers to SHOW, each as its version of PgBouncer words it; absent when it was refused.
struct PgBouncerReading {
  std::optional<pg::ResultSet> version;
  std::optional<pg::ResultSet> pools;
  std::optional<pg::ResultSet> stats;
  std::optional<pg::ResultSet> databases;
  std::optional<pg::ResultSet> lists;
  std::optional<pg::ResultSet> config;
  std::optional<pg::ResultSet> servers;
};

// The last attempt to read the console.
struct PgBouncerProbe {
  std::string name;
  pg::Endpoint endpoint{};                  // where we reach it
  std::optional<PgBouncerReading> reading;  // absent when it failed
  std::optional<Failure> failure;           // both absent: not tried yet
};

// Where the clients of one of its databases get to.
struct PgBouncerRoute {
  std::string database;              // as clients name it
  std::vector<std::string> servers;  // the known ones, each once
  // Whether it is the primary, and nothing else; absent when an address is no known server's.
  std::optional<bool> leads_to_primary;
  std::string evidence;  // for people: the addresses, and how they are known

  friend bool operator==(const PgBouncerRoute&, const PgBouncerRoute&) = default;
};

struct PgBouncerStatus {
  PgBouncerProbe probe;
  std::vector<PgBouncerRoute> routes;  // in the order of its databases
};

// A loopback address in the pooler's list is one of the pooler's own host: it is looked for at the
// address by which we reach the pooler. An endpoint of ours that leads through a database of the
// pooler has the last word on that one.
//
// Where a database's connections lead counts before what is configured for it: a name may have
// moved since they were opened. Servers are recognised by address and port. `primary` is the name
// of the cluster's one primary.
[[nodiscard]] std::vector<PgBouncerStatus> describe_pgbouncers(
    std::span<const PgBouncerProbe> probes,
    std::span<const ServerSample> samples,
    const std::optional<std::string>& primary,
    std::span<const EndpointStatus> endpoints = {}
);

}  // namespace pgrepl::cluster
