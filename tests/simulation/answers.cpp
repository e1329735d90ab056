#include "simulation/answers.h"

#include "simulation/simulated_clock.h"

#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>

namespace pgrepl::simulation {

namespace {

using Cells = std::map<std::string, std::string, std::less<>>;

std::string seconds_text(double seconds) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.6f", seconds);
  return text.data();
}

const char* truth_text(bool value) {
  return value ? "t" : "f";
}

void append(pg::ResultSet& rows, const std::vector<std::string>& columns, const Cells& cells) {
  for (const std::string& column : columns) {
    const auto found = cells.find(column);
    if (found == cells.end()) {
      rows.append(std::nullopt);
    } else {
      rows.append(found->second);
    }
  }
}

std::uint32_t shown_timeline(const World& world, const Node& node) {
  const std::uint32_t received = world.wal().at(node.received.branch).timeline;
  if (node.primary) {
    return world.wal().at(node.position.branch).timeline;
  }
  return node.streams ? received : node.control_timeline;
}

// What the control file of a standby without a receiver names.
void add_control_file(const Node& node, Cells& cells) {
  if (!node.primary && !node.streams && node.control_lsn > 0) {
    const std::string place =
        std::to_string(node.control_timeline) + " " + lsn_text(node.control_lsn);
    cells["checkpoint_at"] = place;
    cells["min_recovery_at"] = place;
  }
}

Cells tick_cells(const World& world, const Node& node) {
  const double now = SimulatedClock::wall_at(world.now());
  Cells cells{
      {"in_recovery", truth_text(!node.primary)},
      {"server_time", seconds_text(now)},
      {"postmaster_start_time", seconds_text(SimulatedClock::wall_at(node.started))},
      {"position", lsn_text(node.position.lsn)},
      {"replay_paused", truth_text(node.paused)},
      {"system_identifier", std::to_string(world.wal().at(node.position.branch).system_identifier)},
  };
  add_control_file(node, cells);
  if (node.promoted_at) {
    cells["promoted_at"] = lsn_text(*node.promoted_at);
  }
  const bool hidden = node.manners.hides && node.streams;
  if (!hidden) {
    cells["timeline"] = std::to_string(shown_timeline(world, node));
  }
  if (!node.primary) {
    cells["received"] = lsn_text(node.received.lsn);
    if (const auto commit = world.wal().last_commit(node.position)) {
      cells["last_xact_replay_time"] = seconds_text(SimulatedClock::wall_at(*commit));
    }
  }
  return cells;
}

// The receiver of a standby that streams; a role that may not look sees nothing of it.
void add_receiver(const World& world, const Node& node, Cells& cells) {
  if (!node.streams) {
    return;
  }
  cells["receiver_pid"] = std::to_string(node.sender_pid);
  if (node.manners.hides) {
    return;
  }
  const Node& upstream = world.node(*node.upstream);
  cells["receiver_status"] = "streaming";
  cells["receiver_sender_host"] = upstream.address;
  cells["receiver_sender_port"] = std::to_string(upstream.port);
  if (node.slot) {
    cells["receiver_slot_name"] = *node.slot;
  }
  cells["receiver_application_name"] = node.name;
  cells["receiver_flushed"] = lsn_text(node.received.lsn);
  cells["receiver_latest_end"] = lsn_text(node.received.lsn);
  cells["receiver_last_msg_receipt_time"] = seconds_text(SimulatedClock::wall_at(node.heard_at));
}

void add_sender(const Node& standby, bool hidden, Cells& cells) {
  cells["sender_pid"] = std::to_string(standby.sender_pid);
  if (hidden) {
    return;
  }
  cells["sender_application_name"] = standby.name;
  cells["sender_client_addr"] = standby.address;
  cells["sender_state"] = "streaming";
  cells["sender_sent"] = lsn_text(standby.reported_received.lsn);
  cells["sender_write"] = cells["sender_sent"];
  cells["sender_flush"] = cells["sender_sent"];
  cells["sender_replay"] = lsn_text(standby.reported.lsn);
  cells["sender_sync_state"] = "async";
  if (standby.slot) {
    cells["sender_slot_name"] = *standby.slot;
    cells["sender_slot_type"] = "physical";
  }
}

pg::ResultSet tick_rows(const World& world, NodeId id, const std::vector<std::string>& columns) {
  const Node& node = world.node(id);
  Cells base = tick_cells(world, node);
  add_receiver(world, node, base);
  pg::ResultSet rows{columns};
  bool any = false;
  for (const Node& standby : world.nodes()) {
    if (standby.streams && standby.upstream == id) {
      Cells cells = base;
      add_sender(standby, node.manners.hides, cells);
      append(rows, columns, cells);
      any = true;
    }
  }
  if (!any) {
    append(rows, columns, base);
  }
  return rows;
}

Cells facts_cells(const World& world, const Node& node) {
  return {
      {"server_version_num", std::to_string(node.version)},
      {"system_identifier", std::to_string(world.wal().at(node.position.branch).system_identifier)},
      {"cluster_name", node.name},
      {"recovery_min_apply_delay", std::to_string(node.apply_delay.count())},
      {"synchronous_standby_names", ""},
      {"address", node.address},
      {"wal_segment_size", "16777216"},
  };
}

pg::ResultSet slot_rows(const World& world, NodeId id, const std::vector<std::string>& columns) {
  pg::ResultSet rows{columns};
  for (const Node& standby : world.nodes()) {
    if (standby.slot && standby.upstream == id && !standby.primary) {
      Cells cells{
          {"slot_name", *standby.slot},
          {"slot_type", "physical"},
          {"active", truth_text(standby.streams)},
          {"restart_lsn", lsn_text(standby.reported_received.lsn)},
          {"wal_status", "reserved"},
      };
      if (standby.streams) {
        cells["active_pid"] = std::to_string(standby.sender_pid);
      }
      append(rows, columns, cells);
    }
  }
  return rows;
}

// "pg_try_advisory_lock(KEY, NUMBER)"; moves `at` behind it.
std::optional<std::pair<std::int32_t, int>> next_lock(
    const std::string& sql, const char* function, std::size_t& at
) {
  const std::size_t found = sql.find(function, at);
  if (found == std::string::npos) {
    return std::nullopt;
  }
  const std::size_t open = sql.find('(', found);
  int key = 0;
  int number = 0;
  if (std::sscanf(sql.c_str() + open, "(%d, %d)", &key, &number) != 2) {
    return std::nullopt;
  }
  at = open;
  return std::pair{key, number};
}

pg::ResultSet one_cell(const char* column, const std::string& value) {
  pg::ResultSet rows{{column}};
  rows.append(value);
  return rows;
}

// The first free lock of those that are named, in their order.
pg::ResultSet claim(Node& node, std::uint64_t backend, const std::string& sql) {
  std::size_t at = 0;
  while (const auto lock = next_lock(sql, "pg_try_advisory_lock", at)) {
    const auto held = node.locks.find(*lock);
    if (held == node.locks.end() || held->second == backend) {
      node.locks[*lock] = backend;
      return one_cell("place", std::to_string(lock->second));
    }
  }
  return one_cell("place", "-1");
}

pg::ResultSet release(Node& node, std::uint64_t backend, const std::string& sql) {
  std::size_t at = 0;
  const auto lock = next_lock(sql, "pg_advisory_unlock", at);
  const auto held = lock ? node.locks.find(*lock) : node.locks.end();
  const bool ours = held != node.locks.end() && held->second == backend;
  if (ours) {
    node.locks.erase(held);
  }
  return one_cell("released", truth_text(ours));
}

// The exporter's few statements that are no queries of the catalogue.
pg::ResultSet answer_other(
    const World& world, Node& node, std::uint64_t backend, const std::string& sql
) {
  if (sql.find(" AS place") != std::string::npos) {
    return claim(node, backend, sql);
  }
  if (sql.find("pg_advisory_unlock") != std::string::npos) {
    return release(node, backend, sql);
  }
  if (sql.find("AS postmaster_start_time") == std::string::npos) {
    return pg::ResultSet{{"nothing"}};
  }
  const std::vector<std::string> columns{
      "in_recovery", "transaction_read_only", "system_identifier", "postmaster_start_time"};
  if (sql.find("transaction_read_only") == std::string::npos) {
    return one_cell("postmaster_start_time", seconds_text(SimulatedClock::wall_at(node.started)));
  }
  Cells cells = facts_cells(world, node);
  cells["in_recovery"] = truth_text(!node.primary);
  cells["transaction_read_only"] = node.primary ? "off" : "on";
  cells["postmaster_start_time"] = seconds_text(SimulatedClock::wall_at(node.started));
  pg::ResultSet rows{columns};
  append(rows, columns, cells);
  return rows;
}

}  // namespace

Recipes::Recipes(const catalogue::Catalogue& catalogue) {
  for (const catalogue::Query& query : catalogue.queries) {
    for (const catalogue::Variant& variant : query.variants) {
      by_text_[variant.sql.id()] = &query;
    }
  }
}

const catalogue::Query* Recipes::find(const pg::Statement& statement) const {
  const auto found = by_text_.find(statement.id());
  return found == by_text_.end() ? nullptr : found->second;
}

pg::ResultSet answer(
    World& world,
    NodeId id,
    std::uint64_t backend,
    const catalogue::Query* query,
    const std::string& sql
) {
  Node& node = world.node(id);
  if (query == nullptr) {
    return answer_other(world, node, backend, sql);
  }
  std::vector<std::string> columns;
  for (const catalogue::Column& column : query->columns) {
    columns.push_back(column.name);
  }
  switch (query->feeds) {
    case catalogue::Feeds::Tick:
      return tick_rows(world, id, columns);
    case catalogue::Feeds::ReplicationSlots:
      return slot_rows(world, id, columns);
    case catalogue::Feeds::ServerFacts: {
      pg::ResultSet rows{columns};
      append(rows, columns, facts_cells(world, node));
      return rows;
    }
    default:
      return pg::ResultSet{columns};
  }
}

}  // namespace pgrepl::simulation
