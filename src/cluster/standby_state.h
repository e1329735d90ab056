// The one word for what a standby is doing.
#pragma once

#include "cluster/cluster.h"
#include "cluster/memory.h"

#include <optional>

namespace pgrepl::cluster {

// What decides a standby's state besides its own sample.
struct StandbyCircumstances {
  const WalSender* sender = nullptr;  // the row that feeds it; null when there is none
  bool upstream_answers = false;      // of the upstream it has or last had
  bool diverged = false;
  ReplicationLag lag;
  Instant now;
};

// `known` already holds what this sample says.
[[nodiscard]] StandbyState judge_state(
    const ServerSample& sample, const ServerMemory& known, const StandbyCircumstances& around
);

}  // namespace pgrepl::cluster
