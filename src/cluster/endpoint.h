// Where an address that applications use leads now: a virtual address, a proxy, a pooler, a name.
#pragma once

#include "cluster/sample.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::cluster {

// What the server behind an endpoint said of itself.
struct EndpointReading {
  Role role = Role::Primary;
  bool read_only = false;  // transaction_read_only, as an application's transaction would find it
  std::optional<pg::SystemIdentifier> system_identifier;
  ServerTime postmaster_start_time = 0;
};

// The last attempt to use an endpoint as an application would.
struct EndpointProbe {
  std::string name;
  Role expect = Role::Primary;
  std::optional<EndpointReading> reading;  // absent when it failed
  std::optional<Failure> failure;          // both absent: not tried yet
  Seconds duration{};                      // from the look-up of its name to the answer
  bool expects_any = false;                // either role will do; then `expect` says nothing
  pg::Endpoint target{};                   // the address that was tried
  std::string database{};                  // and the database
};

struct EndpointStatus {
  EndpointProbe probe;
  bool ok = false;                    // leads to the expected role, writable if a primary
  std::optional<std::string> server;  // the known server that answers
};

// Known servers are recognised by their postmaster. Only a server that was born in this cluster is
// ok: `birth` is the cluster's system identifier, as far as it is known. While that is not known,
// no endpoint that tells its own is ok.
[[nodiscard]] std::vector<EndpointStatus> describe_endpoints(
    std::span<const EndpointProbe> probes,
    std::span<const ServerSample> samples,
    std::optional<pg::SystemIdentifier> birth = std::nullopt
);

}  // namespace pgrepl::cluster
