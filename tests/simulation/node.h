// One PostgreSQL server of the simulated world, as it is. What it tells, and to whom, is made from
// this by answers.h.
#pragma once

#include "simulation/link.h"
#include "simulation/wal.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::simulation {

using NodeId = std::size_t;
using ExporterId = std::size_t;
using std::chrono::milliseconds;

enum class Process { Running, StartingUp, Down };

// How it treats those who log in and ask.
struct Manners {
  bool refuses_password = false;
  bool is_full = false;      // 53300: too many connections
  bool hides = false;        // the role is no member of pg_monitor
  milliseconds slowness{0};  // of each statement
  std::string slow_query;    // by name; empty: none
  milliseconds slow_query_for{0};
  std::optional<std::size_t> cuts_after;  // that many answers of a batch, it ends the connection

  friend bool operator==(const Manners&, const Manners&) = default;
};

// A connection to it, from its side.
struct Backend {
  std::uint64_t id = 0;
  ExporterId exporter = 0;
};

struct Node {
  std::string name;
  std::string address;
  std::uint16_t port = 5432;
  int version = 150008;

  Process process = Process::Running;
  bool frozen = false;
  Instant started{};   // the postmaster
  Instant ready_at{};  // StartingUp until then
  Manners manners{};

  bool primary = false;
  Position position{};  // the end of its WAL, or what it has replayed
  Position received{};  // of a standby
  std::optional<NodeId> upstream{};
  bool streams = false;  // its upstream has a walsender for it, and it a receiver
  std::int64_t sender_pid = 0;
  Instant heard_at{};   // when WAL or a keepalive last came through
  Position reported{};  // what its sender was told that it has replayed
  Position reported_received{};
  std::uint32_t control_timeline = 1;          // of the last (re)startpoint
  std::uint64_t control_lsn = 0;               // likewise
  std::optional<std::uint64_t> promoted_at{};  // where, until the next start
  Instant checkpoint_at{};

  std::uint64_t write_rate = 0;  // bytes a second, while it is primary
  std::uint64_t replay_rate = std::uint64_t{1} << 32U;
  milliseconds apply_delay{0};
  bool paused = false;
  bool needs_rebuild = false;  // started as it is, it would be a second primary
  bool archive_fed = false;    // has a restore_command
  std::optional<std::string> slot{};

  Instant ended_at{};  // when it last ended connections
  std::vector<Backend> backends{};
  std::map<std::pair<std::int32_t, int>, std::uint64_t> locks{};  // advisory; the backend

  struct Past {
    Instant at;
    Position position;
    bool primary;
  };

  std::deque<Past> past{};  // of the last minutes, changes only; ascending

  [[nodiscard]] bool runs() const { return process == Process::Running && !frozen; }
};

}  // namespace pgrepl::simulation
