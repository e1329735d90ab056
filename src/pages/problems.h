// What is wrong with a cluster, in sentences for people: what, on which server, why, what to do.
#pragma once

#include "pages/picture.h"
#include "pages/problem.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::pages {

// The most severe first, then in the order of the configuration. None: the cluster is healthy.
[[nodiscard]] std::vector<Problem> find_problems(const WatchedCluster& watched);

enum class Health : std::uint8_t { Healthy, Degraded, Unhealthy };

[[nodiscard]] std::string_view to_string(Health health);

// Unhealthy with a critical problem, degraded with a warning.
[[nodiscard]] Health health_of(std::span<const Problem> problems);

}  // namespace pgrepl::pages
