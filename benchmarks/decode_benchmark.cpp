// What it costs to understand what a server answers: the tick, which every server is asked once a
// second, and the larger answers of a round.
#include "pg/result_set.h"
#include "sampling/database_rows.h"
#include "sampling/decode.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

namespace pgrepl {
namespace {

// The columns of queries/tick.yaml, in its order.
const std::vector<std::string> kTickColumns{
    "in_recovery",
    "server_time",
    "postmaster_start_time",
    "position",
    "received",
    "timeline",
    "last_xact_replay_time",
    "replay_paused",
    "receiver_status",
    "receiver_sender_host",
    "receiver_sender_port",
    "receiver_slot_name",
    "receiver_application_name",
    "receiver_flushed",
    "receiver_latest_end",
    "receiver_last_msg_receipt_time",
    "sender_pid",
    "sender_application_name",
    "sender_client_addr",
    "sender_state",
    "sender_sent",
    "sender_write",
    "sender_flush",
    "sender_replay",
    "sender_sync_state",
    "sender_slot_name",
    "sender_slot_type",
};

void append_nulls(pg::ResultSet& rows, int count) {
  for (int i = 0; i < count; ++i) {
    rows.append(std::nullopt);
  }
}

void append_primary(pg::ResultSet& rows) {
  for (const char* value : {"f", "1700000000.123456", "1690000000.654321", "16/B374D848"}) {
    rows.append(value);
  }
  rows.append(std::nullopt);
  rows.append("3");
  rows.append(std::nullopt);
  rows.append("f");
  append_nulls(rows, 8);
}

// One row for each sender; one without a sender where there is none.
pg::ResultSet tick_of_primary(int senders) {
  pg::ResultSet rows{kTickColumns};
  if (senders == 0) {
    append_primary(rows);
    append_nulls(rows, 11);
  }
  for (int i = 0; i < senders; ++i) {
    append_primary(rows);
    const std::string name = "pg-" + std::to_string(i + 2);
    const std::string slot = "slot_" + std::to_string(i + 2);
    for (const std::string_view value :
         {std::string_view{"41234"},
          std::string_view{name},
          std::string_view{"10.0.0.7"},
          std::string_view{"streaming"},
          std::string_view{"16/B374D848"},
          std::string_view{"16/B374D848"},
          std::string_view{"16/B374D848"},
          std::string_view{"16/B374D700"},
          std::string_view{"async"},
          std::string_view{slot},
          std::string_view{"physical"}}) {
      rows.append(value);
    }
  }
  return rows;
}

pg::ResultSet tick_of_standby() {
  pg::ResultSet rows{kTickColumns};
  for (const char* value :
       {"t",
        "1700000000.123456",
        "1690000000.654321",
        "16/B374D700",
        "16/B374D848",
        "3",
        "1699999999.987654",
        "f",
        "streaming",
        "pg-1",
        "5432",
        "slot_2",
        "pg-2",
        "16/B374D848",
        "16/B374D848",
        "1700000000.012345"}) {
    rows.append(value);
  }
  append_nulls(rows, 11);
  return rows;
}

void decode_tick_of_standby(benchmark::State& state) {
  const pg::ResultSet rows = tick_of_standby();
  for (auto _ : state) {
    benchmark::DoNotOptimize(sampling::decode_tick(rows));
  }
}

// The argument counts the senders.
void decode_tick_of_primary(benchmark::State& state) {
  const pg::ResultSet rows = tick_of_primary(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(sampling::decode_tick(rows));
  }
}

void decode_slots(benchmark::State& state) {
  pg::ResultSet rows{
      {"slot_name", "slot_type", "active", "restart_lsn", "wal_status", "safe_wal_size"}};
  for (int i = 0; i < state.range(0); ++i) {
    const std::string name = "slot_" + std::to_string(i);
    rows.append(name);
    for (const char* value : {"physical", "t", "16/B3000000", "reserved", "21474836480"}) {
      rows.append(value);
    }
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(sampling::decode_replication_slots(rows));
  }
}

// The rows of a query that many databases answered, made one result.
void merge_databases(benchmark::State& state) {
  pg::ResultSet rows{{"schemaname", "relname", "seq_scan", "n_live_tup", "n_dead_tup"}};
  constexpr int kTables = 100;
  for (int i = 0; i < kTables; ++i) {
    const std::string name = "table_" + std::to_string(i);
    rows.append("public");
    rows.append(name);
    for (const char* value : {"1234", "5678901", "2345"}) {
      rows.append(value);
    }
  }
  for (auto _ : state) {
    sampling::DatabaseRows merged;
    for (int i = 0; i < state.range(0); ++i) {
      benchmark::DoNotOptimize(merged.add("database_" + std::to_string(i), rows));
    }
    benchmark::DoNotOptimize(merged);
  }
}

BENCHMARK(decode_tick_of_standby);
BENCHMARK(decode_tick_of_primary)->Arg(0)->Arg(2)->Arg(50);
BENCHMARK(decode_slots)->Arg(2)->Arg(50);
BENCHMARK(merge_databases)->Arg(10)->Arg(100)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pgrepl
