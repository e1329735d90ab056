// Where the servers of a cluster are found, beside those that are listed.
#pragma once

#include "pg/conninfo.h"
#include "pg/network.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pgrepl::config {

// Every address of a name is a server.
struct DnsDiscovery {
  std::string name;
  std::vector<pg::Network> allowed_networks;  // empty: any but link-local addresses
  pg::ConnInfo login;  // how to log in to what is found; of its endpoint only the port counts
  std::chrono::milliseconds refresh{15'000};

  friend bool operator==(const DnsDiscovery&, const DnsDiscovery&) = default;
};

struct Url {
  bool tls = false;
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 0;
  std::string path;  // without the last '/'

  friend bool operator==(const Url&, const Url&) = default;
};

// "http://host:port"; a path is allowed, a login is not. Absent for anything else.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);

// How to ask Patroni's REST API.
struct RestAccess {
  std::string user;  // empty: no basic authentication
  std::optional<pg::Secret> password;
  std::optional<std::string> password_file;  // read again for every request
  std::string ca_file;                       // empty: the system's
  std::string cert_file;                     // of the client; empty: none
  std::string key_file;
  bool checks_server = true;  // its certificate; for asking ourselves it says nothing

  friend bool operator==(const RestAccess&, const RestAccess&) = default;
};

// The members that Patroni knows.
struct PatroniDiscovery {
  std::vector<Url> urls;  // of any members; the first that answers counts
  RestAccess rest;
  // Credentials go to no address outside of these. Empty: to the networks around the URLs and the
  // configured servers (pg::network_around).
  std::vector<pg::Network> allowed_networks;
  pg::ConnInfo login;  // its endpoint does not count: Patroni says host and port
  std::chrono::milliseconds refresh{10'000};

  friend bool operator==(const PatroniDiscovery&, const PatroniDiscovery&) = default;
};

// The standbys that known servers send WAL to.
struct ReplicationDiscovery {
  std::vector<pg::Network> allowed_networks;  // credentials go to no address outside of these
  pg::ConnInfo login;                         // of its endpoint only the port counts
  std::chrono::milliseconds refresh{15'000};

  friend bool operator==(const ReplicationDiscovery&, const ReplicationDiscovery&) = default;
};

using Discovery = std::variant<DnsDiscovery, PatroniDiscovery, ReplicationDiscovery>;

}  // namespace pgrepl::config
