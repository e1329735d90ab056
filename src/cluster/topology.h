// Who is primary, and who replicates from whom, from what the servers say of themselves and of
// each other.
#pragma once

#include "cluster/cluster.h"
#include "cluster/memory.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::cluster {

// The sender row of a standby on the server that holds it.
struct SenderMatch {
  std::size_t upstream;  // index of the server
  std::size_t sender;    // index in its tick's senders
  Evidence evidence;
};

// A base backup, pg_receivewal or a logical consumer sends no standby anything (a standby reports
// what it replayed; a base backup is in state backup; pg_receivewal never replays).
[[nodiscard]] bool feeds_a_standby(const WalSender& sender);

// For each sample the row that feeds it, absent when there is none. Every row feeds one standby at
// most; where names and addresses are equal, the closest replay position decides. A standby that
// does not answer keeps the row that carries the names remembered of it.
[[nodiscard]] std::vector<std::optional<SenderMatch>> match_senders(
    std::span<const ServerSample> samples, const Memory& memory
);

// A row of a server's senders, by the index of the server and of the row.
struct SenderAt {
  std::size_t upstream;
  std::size_t sender;
};

// The rows that feed a standby nobody watches. One whose standby has just lost its receiver is
// known still: the upstream may take a minute to notice (wal_sender_timeout).
[[nodiscard]] std::vector<SenderAt> unknown_senders(
    std::span<const ServerSample> samples,
    std::span<const std::optional<SenderMatch>> matches,
    const Memory& memory
);

// The upstream that a standby's receiver names, when no sender row is known: by host and port.
[[nodiscard]] std::optional<std::size_t> named_upstream(
    std::span<const ServerSample> samples, std::size_t standby
);

// Indices of the servers that answer as a primary.
[[nodiscard]] std::vector<std::size_t> answering_primaries(std::span<const ServerSample> samples);

}  // namespace pgrepl::cluster
