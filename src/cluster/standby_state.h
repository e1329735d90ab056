// The one word for what a standby is doing, and what proves it.
#pragma once

#include "cluster/chain.h"
#include "cluster/cluster.h"
#include "cluster/memory.h"

#include <optional>
#include <string>

namespace pgrepl::cluster {

enum class Misfit : std::uint8_t { None, Foreign, Ahead, Diverged };

// What decides a standby's state besides its own sample.
struct StandbyCircumstances {
  const WalSender* sender = nullptr;  // the row that feeds it; null when there is none
  bool upstream_answers = false;      // of the upstream it has or last had
  Misfit misfit = Misfit::None;
  ReplicationLag lag;
  ChainEnd chain;
  bool is_top = true;  // its chain ends at itself
  // The archive has WAL that it should have replayed long ago, or the cluster archives nothing.
  bool archive_is_of_no_use = false;
  bool lacks_wal = false;  // what it needs is gone from its upstream, and in no archive
  Instant now;
};

// `known` already holds what this sample says.
[[nodiscard]] StandbyState judge_state(
    const ServerSample& sample, const ServerMemory& known, const StandbyCircumstances& around
);

// Whether a server that takes no connections says that it never will as a standby: hot_standby is
// off (SQLSTATE 57P03, "Hot standby mode is disabled", 14+; 13 says only that it starts up).
[[nodiscard]] bool is_warm(const ServerSample& sample, const WalSender* sender);

}  // namespace pgrepl::cluster
