// What is wrong with a cluster, in sentences for people: what, on which server, why, what to do.
#pragma once

#include "pages/picture.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::pages {

enum class Severity : std::uint8_t { Warning, Critical };

[[nodiscard]] std::string_view to_string(Severity severity);

struct Problem {
  Severity severity;
  std::string server;   // empty for what concerns the whole cluster
  std::string message;  // a sentence; names the server
  std::string advice;   // what to do about it, a sentence

  friend bool operator==(const Problem&, const Problem&) = default;
};

// The most severe first, then in the order of the configuration. None: the cluster is healthy.
[[nodiscard]] std::vector<Problem> find_problems(const WatchedCluster& watched);

enum class Health : std::uint8_t { Healthy, Degraded, Unhealthy };

[[nodiscard]] std::string_view to_string(Health health);

// Unhealthy with a critical problem, degraded with a warning.
[[nodiscard]] Health health_of(std::span<const Problem> problems);

}  // namespace pgrepl::pages
