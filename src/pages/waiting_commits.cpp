#include "pages/waiting_commits.h"

#include "cluster/sync_standbys.h"

#include <algorithm>
#include <optional>
#include <string>

namespace pgrepl::pages {

namespace {

using cluster::Server;
using cluster::StandbyState;

const std::string kBringBack =
    "Bring a synchronous standby back. When none can come back, take it out of "
    "synchronous_standby_names on the primary: commits then no longer wait for it.";

// The sender's row of a standby that the primary feeds itself.
const cluster::WalSender* row_of(const Server& primary, const Server& standby) {
  const auto& upstream = standby.standby->upstream;
  if (!upstream || upstream->server != primary.sample.name) {
    return nullptr;
  }
  const auto& senders = primary.sample.tick->reading.senders;
  const auto found =
      std::ranges::find(senders, upstream->application_name, &cluster::WalSender::application_name);
  return found == senders.end() ? nullptr : &*found;
}

bool is_synchronous(const cluster::WalSender& sender) {
  return sender.sync_state == "sync" || sender.sync_state == "quorum";
}

// What keeps a connected synchronous standby from confirming; absent when nothing does.
std::optional<Advice> advise_connected(const Server& server) {
  const std::string& name = server.sample.name;
  if (!answers(server)) {
    return Advice{
        Remedy::WeakenSetting,
        name +
            " is synchronous and connected, and does not answer: bring it back. When it cannot "
            "come back, take it out of synchronous_standby_names on the primary."};
  }
  if (server.standby->state == StandbyState::Paused) {
    return Advice{
        Remedy::Look,
        name +
            " is synchronous and its replay is paused: with synchronous_commit = remote_apply "
            "commits wait until it is resumed."};
  }
  if (server.standby->state == StandbyState::Delayed) {
    return Advice{
        Remedy::Look,
        name +
            " is synchronous and has recovery_min_apply_delay: with synchronous_commit = "
            "remote_apply each commit waits for that long. Take one of the two back."};
  }
  return std::nullopt;
}

bool is_named(const cluster::SyncStandbyNames& names, const Server& server) {
  const auto has = [&names](const std::string& name) {
    return !name.empty() && std::ranges::find(names.names, name) != names.names.end();
  };
  return has(server.sample.name) ||
         (server.sample.facts && has(server.sample.facts->cluster_name)) ||
         (server.standby->upstream && has(server.standby->upstream->application_name));
}

// It is named, it streams, and not from the primary: it will never confirm.
std::optional<Advice> advise_cascade(
    const cluster::SyncStandbyNames& names, const Server& primary, const Server& server
) {
  const auto& upstream = server.standby->upstream;
  const bool streams = answers(server) && server.sample.tick->reading.receiver && upstream &&
                       upstream->server != primary.sample.name;
  if (!streams || !is_named(names, server)) {
    return std::nullopt;
  }
  return Advice{
      Remedy::Configure,
      server.sample.name + " is in synchronous_standby_names and receives from " +
          upstream->server + ": only standbys that receive from " + primary.sample.name +
          " itself confirm commits. Name one of those, or point its primary_conninfo at " +
          primary.sample.name + "."};
}

std::optional<Advice> advise_missing(const WatchedCluster& watched, const Server& primary) {
  const auto names =
      primary.sample.facts
          ? cluster::parse_sync_standby_names(primary.sample.facts->synchronous_standby_names)
          : std::nullopt;
  for (const Server& server : watched.cluster.servers) {
    if (names && server.standby && !server.same_as) {
      if (auto advice = advise_cascade(*names, primary, server)) {
        return advice;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Advice advise_waiting_commits(const WatchedCluster& watched) {
  const cluster::Cluster& cluster = watched.cluster;
  if (!cluster.primary || !cluster.servers[*cluster.primary].sample.tick) {
    return {Remedy::WeakenSetting, kBringBack};
  }
  const Server& primary = cluster.servers[*cluster.primary];
  const auto& sync = cluster.sync_standbys;
  if (sync && sync->present < sync->required) {
    return advise_missing(watched, primary).value_or(Advice{Remedy::WeakenSetting, kBringBack});
  }
  for (const Server& server : cluster.servers) {
    const auto* row = server.standby && !server.same_as ? row_of(primary, server) : nullptr;
    if (row != nullptr && is_synchronous(*row)) {
      if (auto advice = advise_connected(server)) {
        return *advice;
      }
    }
  }
  if (sync && sync->required > 0) {
    return {
        Remedy::Look,
        "The synchronous standbys are connected: look at write_lag, flush_lag and replay_lag of "
        "pg_stat_replication for the one that is slow to confirm."};
  }
  return {Remedy::WeakenSetting, kBringBack};
}

}  // namespace pgrepl::pages
