// What Patroni's REST API says of its cluster (GET /cluster), versions 2 to 4. Pure.
#pragma once

#include "pg/conninfo.h"
#include "support/expected.h"

#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::discovery {

struct PatroniMember {
  std::string name;
  pg::Endpoint endpoint;

  friend bool operator==(const PatroniMember&, const PatroniMember&) = default;
};

struct PatroniCluster {
  std::vector<PatroniMember> members;  // without those that have no address yet
  bool paused = false;                 // in maintenance mode: nobody is promoted

  friend bool operator==(const PatroniCluster&, const PatroniCluster&) = default;
};

// Who leads, who lags and by how much is not taken from Patroni: the servers are asked themselves.
// The error says what is wrong with the text.
[[nodiscard]] Expected<PatroniCluster, std::string> parse_patroni_cluster(std::string_view text);

}  // namespace pgrepl::discovery
