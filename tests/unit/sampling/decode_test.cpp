#include "sampling/decode.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using Cells = std::vector<std::pair<std::string, std::optional<std::string>>>;

pg::ResultSet one_row(const Cells& cells) {
  std::vector<std::string> columns;
  for (const auto& [name, value] : cells) {
    columns.push_back(name);
  }
  pg::ResultSet rows{columns};
  for (const auto& [name, value] : cells) {
    rows.append(value);
  }
  return rows;
}

TEST(DecodeTick, PrimaryWithoutSenders) {
  const auto reading = decode_tick(one_row({
      {"in_recovery", "f"},
      {"server_time", "1700000000.25"},
      {"position", "16/B374D848"},
      {"timeline", "3"},
      {"receiver_status", std::nullopt},
      {"sender_pid", std::nullopt},
  }));
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->role, cluster::Role::Primary);
  EXPECT_EQ(reading->position, pg::Lsn{0x16B374D848});
  EXPECT_EQ(reading->timeline, pg::TimelineId{3});
  EXPECT_DOUBLE_EQ(reading->server_time, 1700000000.25);
  EXPECT_FALSE(reading->receiver);
  EXPECT_TRUE(reading->senders.empty());
}

// Without pg_read_all_stats the server shows that there is one, and nothing else.
TEST(DecodeTick, WhatOurRoleMayNotSeeIsHiddenAndNotNone) {
  const auto hidden = decode_tick(one_row({
      {"in_recovery", "t"},
      {"server_time", "1"},
      {"receiver_pid", "7"},
      {"receiver_status", std::nullopt},
      {"sender_pid", "8"},
      {"sender_state", std::nullopt},
  }));
  ASSERT_TRUE(hidden);
  EXPECT_TRUE(hidden->receiver.is_hidden());
  EXPECT_TRUE(hidden->senders_hidden);
  EXPECT_TRUE(hidden->senders.empty());
  const auto none = decode_tick(one_row({{"in_recovery", "t"}, {"server_time", "1"}}));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->receiver.is_none());
  EXPECT_FALSE(none->senders_hidden);
}

TEST(DecodeTick, PlacesOfTheControlFileKeepTheirTimelines) {
  const auto reading = decode_tick(one_row({
      {"in_recovery", "t"},
      {"server_time", "1"},
      {"checkpoint_at", "1 0/3000060"},
      {"min_recovery_at", "0 0/0"},
  }));
  ASSERT_TRUE(reading);
  const cluster::ControlPoint place{pg::TimelineId{1}, pg::Lsn{0x3000060}};
  EXPECT_EQ(reading->control_points, std::vector{place});
}

TEST(DecodeWalFiles, OldestSegmentAndTheTimelineAtTheReplayPosition) {
  const auto files = decode_wal_files(one_row({
      {"oldest_segment", "00000002000000FE"},
      {"timeline_at_replay", "0000000B"},
      {"replay", "3/1"},
      {"segment_bytes", "16777216"},
  }));
  ASSERT_TRUE(files);
  EXPECT_EQ(files->oldest, pg::Lsn{0x2FE000000});
  EXPECT_EQ(files->timeline_at_replay, pg::TimelineId{11});
  EXPECT_EQ(files->replay, pg::Lsn{0x300000001});
}

TEST(DecodeSyncWaits, NobodyWaitsIsNotTheSameAsNotToSeeWhoWaits) {
  const auto none = decode_sync_waits(one_row({{"may_see", "t"}, {"pid", std::nullopt}}), {});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->sessions.empty());
  EXPECT_TRUE(decode_sync_waits(one_row({{"may_see", "f"}}), {}).is_hidden());
  const auto one =
      decode_sync_waits(one_row({{"may_see", "t"}, {"pid", "5"}, {"query_start", "12.5"}}), {});
  ASSERT_EQ(one->sessions.size(), 1U);
  EXPECT_EQ(one->sessions[0].query_start, 12.5);
}

TEST(DecodeTick, OneRowForEachSender) {
  pg::ResultSet rows{
      {"in_recovery",
       "server_time",
       "sender_pid",
       "sender_state",
       "sender_application_name",
       "sender_replay",
       "sender_slot_name",
       "sender_slot_type"}};
  for (const char* pid : {"11", "12"}) {
    for (const char* value :
         {"f", "1700000000", pid, "streaming", "pg-2", "0/5", "s", "physical"}) {
      rows.append(value);
    }
  }
  const auto reading = decode_tick(rows);
  ASSERT_TRUE(reading);
  ASSERT_EQ(reading->senders.size(), 2U);
  EXPECT_EQ(reading->senders[1].pid, 12);
  EXPECT_EQ(reading->senders[1].replay, pg::Lsn{5});
  EXPECT_EQ(reading->senders[1].slot_name, "s");
}

TEST(DecodeTick, StandbyWithItsReceiver) {
  const auto reading = decode_tick(one_row({
      {"in_recovery", "t"},
      {"server_time", "1700000000"},
      {"position", "0/10"},
      {"received", "0/20"},
      {"replay_paused", "t"},
      {"last_xact_replay_time", "1699999999.5"},
      {"receiver_status", "streaming"},
      {"receiver_sender_host", "pg-1"},
      {"receiver_sender_port", "5432"},
      {"receiver_slot_name", ""},
      {"receiver_latest_end", "0/30"},
  }));
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->role, cluster::Role::Standby);
  EXPECT_TRUE(reading->replay_paused);
  ASSERT_TRUE(reading->receiver);
  EXPECT_EQ(reading->receiver->sender_port, 5432);
  EXPECT_EQ(reading->receiver->slot_name, std::nullopt);
  EXPECT_EQ(reading->receiver->latest_end, pg::Lsn{0x30});
}

TEST(DecodeTick, ResultWithoutItsColumnsIsAnError) {
  EXPECT_FALSE(decode_tick(one_row({{"in_recovery", "f"}})));
  EXPECT_FALSE(decode_tick(pg::ResultSet{{"in_recovery"}}));
}

TEST(DecodeServerFacts, ReadsWhatIsThere) {
  const auto facts = decode_server_facts(
      one_row({
          {"system_identifier", "7301111111111111111"},
          {"cluster_name", "pg-2"},
          {"recovery_min_apply_delay", "5000"},
          {"address", std::nullopt},
      }),
      pg::ServerVersion{150008}
  );
  EXPECT_EQ(facts.system_identifier, pg::SystemIdentifier{7301111111111111111U});
  EXPECT_EQ(facts.recovery_min_apply_delay, std::chrono::milliseconds{5000});
  EXPECT_EQ(facts.address, std::nullopt);
  EXPECT_EQ(facts.version.major(), 15);
}

TEST(DecodeReplicationSlots, ReadsEverySlot) {
  const auto slots = decode_replication_slots(one_row({
      {"slot_name", "s"},
      {"slot_type", "physical"},
      {"active", "f"},
      {"restart_lsn", "0/7"},
      {"wal_status", "extended"},
      {"safe_wal_size", std::nullopt},
  }));
  ASSERT_EQ(slots.size(), 1U);
  EXPECT_FALSE(slots[0].active);
  EXPECT_EQ(slots[0].restart, pg::Lsn{7});
  EXPECT_EQ(slots[0].wal_status, "extended");
  EXPECT_EQ(slots[0].safe_wal_bytes, std::nullopt);
}

TEST(DecodeDatabaseTotals, AddsUpTheDatabases) {
  pg::ResultSet rows{{"datname", "xact_commit", "xact_rollback", "blks_hit", "blks_read"}};
  rows.append("postgres");
  rows.append("10");
  rows.append("1");
  rows.append("7");
  rows.append("3");
  rows.append("shop");
  rows.append("5");
  rows.append("0");
  rows.append("1");
  rows.append(std::nullopt);
  const cluster::Instant at{std::chrono::seconds{9}};
  const auto totals = decode_database_totals(rows, at);
  EXPECT_EQ(totals.transactions, 16);
  EXPECT_EQ(totals.blocks_hit, 8);
  EXPECT_EQ(totals.blocks_read, 3);
  EXPECT_EQ(totals.read_at, at);
}

TEST(DecodeSessions, AddsUpEachState) {
  pg::ResultSet rows{{"datname", "state", "count"}};
  rows.append("postgres");
  rows.append("idle");
  rows.append("2");
  rows.append("shop");
  rows.append("idle");
  rows.append("3");
  rows.append("shop");
  rows.append("active");
  rows.append("0");
  EXPECT_EQ(decode_sessions(rows), (cluster::SessionCounts{{"active", 0}, {"idle", 5}}));
}

TEST(DecodeEndpoint, ReadsRoleAndWritability) {
  const auto reading = decode_endpoint(one_row({
      {"in_recovery", "f"},
      {"transaction_read_only", "on"},
      {"system_identifier", "7012345678901234567"},
      {"postmaster_start_time", "1700000000.123456"},
  }));
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->role, cluster::Role::Primary);
  EXPECT_TRUE(reading->read_only);
  EXPECT_EQ(reading->system_identifier, pg::SystemIdentifier{7012345678901234567});
  EXPECT_DOUBLE_EQ(reading->postmaster_start_time, 1700000000.123456);
}

TEST(DecodeEndpoint, RefusesAnAnswerThatIsNoneOfPostgreSQL) {
  EXPECT_FALSE(decode_endpoint(one_row({{"in_recovery", "f"}})));
  EXPECT_FALSE(decode_endpoint(pg::ResultSet{{"in_recovery"}}));
}

}  // namespace
}  // namespace pgrepl::sampling
