// Pictures for the tests of pages, made as the monitor makes them: from samples, by observing.
#pragma once

#include "cluster/observe.h"
#include "pages/picture.h"
#include "support/builders.h"

#include <string>
#include <utility>
#include <vector>

namespace pgrepl::pages {

using testing::instant;
using testing::primary;
using testing::sender;
using testing::standby;

// 2023-11-14T22:13:20Z
inline constexpr double kTakenAt = 1.7e9;

inline WatchedCluster watched(
    const std::string& name, const std::vector<cluster::ServerSample>& samples
) {
  auto seen = cluster::observe({.name = name, .rpo = {}}, samples, {}, instant(0));
  return {
      .cluster = std::move(seen.cluster), .labels = {}, .expected_standbys = {}, .lag_limits = {}};
}

inline Picture picture_of(std::vector<WatchedCluster> clusters) {
  return {.clusters = std::move(clusters), .taken = instant(0), .taken_at = kTakenAt};
}

// pg-1 is the primary of pg-2, which replays all there is.
inline WatchedCluster healthy_pair() {
  return watched(
      "c",
      {primary("pg-1").at("0/100").sends(sender("pg-2").slot("pg_2").replayed("0/100")),
       standby("pg-2").replayed("0/100").receives_from("pg-1", "pg_2")}
  );
}

// The standby of a pair with another lag.
inline WatchedCluster lagging_pair(double seconds, std::uint64_t bytes) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[1].standby->lag.time = cluster::Seconds{seconds};
  made.cluster.servers[1].standby->lag.bytes = bytes;
  return made;
}

}  // namespace pgrepl::pages
