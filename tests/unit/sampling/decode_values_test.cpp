// What each column may hold besides what a healthy server puts there: NULL, nothing, or nonsense.
#include "sampling/decode.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using Cell = std::pair<std::string, std::optional<std::string>>;
using Cells = std::vector<Cell>;

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

TEST(DecodeServerFactsValues, WithoutARowOnlyTheVersionIsKnown) {
  const auto facts = decode_server_facts(pg::ResultSet{{"cluster_name"}}, {170002});
  EXPECT_EQ(facts.version, pg::ServerVersion{170002});
  EXPECT_EQ(facts.system_identifier, std::nullopt);
  EXPECT_EQ(facts.recovery_min_apply_delay, std::nullopt);
  EXPECT_EQ(facts.restores_from_archive, std::nullopt);
  EXPECT_EQ(facts.has_monitor_rights, std::nullopt) << "not asked, and not refused";
  EXPECT_EQ(facts.is_monitor_member, std::nullopt);
  EXPECT_TRUE(facts.recovery_limits.empty());
}

TEST(DecodeServerFactsValues, ReadsEachSetting) {
  const auto facts = decode_server_facts(
      one_row({
          {"synchronous_standby_names", "ANY 1 (pg-2, pg-3)"},
          {"address", "10.0.0.1"},
          {"wal_segment_size", "16777216"},
          {"restores_from_archive", "t"},
          {"has_recovery_target", "t"},
          {"max_connections", "100"},
          {"max_worker_processes", "8"},
          {"max_wal_senders", "10"},
          {"max_prepared_transactions", "0"},
          {"max_locks_per_transaction", "many"},
          {"login", "monitor"},
          {"has_monitor_rights", "f"},
          {"is_monitor_member", "t"},
      }),
      {150004}
  );
  EXPECT_EQ(facts.synchronous_standby_names, "ANY 1 (pg-2, pg-3)");
  EXPECT_EQ(facts.address, "10.0.0.1");
  EXPECT_EQ(facts.wal_segment_bytes, 16777216U);
  EXPECT_EQ(facts.restores_from_archive, true);
  EXPECT_TRUE(facts.has_recovery_target);
  const std::map<std::string, std::int64_t> limits{
      {"max_connections", 100},
      {"max_worker_processes", 8},
      {"max_wal_senders", 10},
      {"max_prepared_transactions", 0}};
  EXPECT_EQ(facts.recovery_limits, limits) << "0 is a value, and an unreadable one is absent";
  EXPECT_EQ(facts.login, "monitor");
  EXPECT_EQ(facts.has_monitor_rights, false);
  EXPECT_EQ(facts.is_monitor_member, true);
}

TEST(DecodeServerFactsValues, AListOfSlotsIsSplitIntoItsNames) {
  struct Case {
    std::string list;
    std::vector<std::string> names;
  };

  const std::vector<Case> cases{
      {"", {}},
      {" , ,", {}},
      {"a", {"a"}},
      {"a,b", {"a", "b"}},
      {" a ,  b ", {"a", "b"}},
      {"\"a\", \"b\"", {"a", "b"}},
      {"a,,b,", {"a", "b"}},
  };
  for (const Case& one : cases) {
    const auto facts =
        decode_server_facts(one_row({{"synchronized_standby_slots", one.list}}), {170000});
    EXPECT_EQ(facts.synchronized_standby_slots, one.names) << '"' << one.list << '"';
  }
}

TEST(DecodeArchiver, OffAloneIsDisabled) {
  EXPECT_FALSE(decode_archiver(one_row({{"archive_mode", "off"}})).enabled);
  for (const char* mode : {"on", "always"}) {
    const auto archiver = decode_archiver(
        one_row({{"archive_mode", mode}, {"last_archived_wal", "000000010000000000000007"}})
    );
    EXPECT_TRUE(archiver.enabled) << mode;
    EXPECT_EQ(archiver.last_archived_wal, "000000010000000000000007");
  }
  EXPECT_EQ(
      decode_archiver(one_row({{"archive_mode", "on"}, {"last_archived_wal", ""}})
      ).last_archived_wal,
      std::nullopt
  );
  EXPECT_FALSE(decode_archiver(pg::ResultSet{{"archive_mode"}}).enabled);
}

TEST(DecodeWalFilesValues, WithoutARowOurRoleMayNotLook) {
  EXPECT_EQ(decode_wal_files(pg::ResultSet{{"oldest_segment"}}), std::nullopt);
}

TEST(DecodeWalFilesValues, ASegmentThatIsNoneIsAbsent) {
  for (const char* name : {"", "00000002", "00000002000000FG", "0000000200000000FE", "x"}) {
    const auto files =
        decode_wal_files(one_row({{"oldest_segment", name}, {"segment_bytes", "16777216"}}));
    ASSERT_TRUE(files) << name;
    EXPECT_EQ(files->oldest, std::nullopt) << '"' << name << '"';
  }
  const auto without_size = decode_wal_files(one_row({{"oldest_segment", "00000002000000FE"}}));
  EXPECT_EQ(without_size->oldest, std::nullopt);
}

TEST(DecodeWalFilesValues, TheSegmentsSizeDecidesWhereItBegins) {
  const auto files = decode_wal_files(
      one_row({{"oldest_segment", "0000000100000003"}, {"segment_bytes", "1048576"}})
  );
  EXPECT_EQ(files->oldest, pg::Lsn{(std::uint64_t{1} << 32U) + 3 * 1048576ULL});
}

TEST(DecodeWalFilesValues, TheTimelineAtReplayIsHexadecimal) {
  const auto timeline = [](const char* text) {
    return decode_wal_files(one_row({{"timeline_at_replay", text}}))->timeline_at_replay;
  };
  EXPECT_EQ(timeline("000000FF"), pg::TimelineId{255});
  for (const char* text : {"", "00000000", "0000000G", "100000000"}) {
    EXPECT_EQ(timeline(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(DecodeSyncWaitsValues, OneRowThatMayNotBeSeenHidesAll) {
  pg::ResultSet rows{{"may_see", "pid"}};
  for (const char* value : {"t", "5", "f", "6"}) {
    rows.append(value);
  }
  EXPECT_TRUE(decode_sync_waits(rows, {}).is_hidden());
  EXPECT_TRUE(decode_sync_waits(one_row({{"may_see", std::nullopt}}), {}).is_hidden());
  const cluster::Instant at{std::chrono::seconds{7}};
  const auto none = decode_sync_waits(pg::ResultSet{{"may_see", "pid"}}, at);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->sessions.empty());
  EXPECT_EQ(none->read_at, at);
}

TEST(DecodeSlotsValues, EachDetailOfALogicalSlot) {
  const auto slots = decode_replication_slots(one_row({
      {"slot_name", "sub"},
      {"slot_type", "logical"},
      {"database", "app"},
      {"active", "t"},
      {"active_pid", "99"},
      {"restart_lsn", "0/7"},
      {"confirmed_flush_lsn", "0/9"},
      {"wal_status", "unreserved"},
      {"safe_wal_size", "-5"},
      {"inactive_since", "1700000000.5"},
      {"temporary", "t"},
      {"two_phase", "t"},
      {"conflicting", "f"},
      {"failover", "t"},
      {"synced", "t"},
      {"invalidation_reason", "wal_removed"},
  }));
  ASSERT_EQ(slots.size(), 1U);
  const cluster::ReplicationSlot& slot = slots[0];
  EXPECT_EQ(slot.name, "sub");
  EXPECT_EQ(slot.type, "logical");
  EXPECT_EQ(slot.database, "app");
  EXPECT_TRUE(slot.active);
  EXPECT_EQ(slot.active_pid, 99);
  EXPECT_EQ(slot.restart, pg::Lsn{7});
  EXPECT_EQ(slot.confirmed_flush, pg::Lsn{9});
  EXPECT_EQ(slot.wal_status, "unreserved");
  EXPECT_EQ(slot.safe_wal_bytes, -5) << "it is negative once the slot has more than it may";
  EXPECT_EQ(slot.inactive_since, 1700000000.5);
  EXPECT_TRUE(slot.temporary);
  EXPECT_TRUE(slot.two_phase);
  EXPECT_EQ(slot.conflicting, false);
  EXPECT_TRUE(slot.failover);
  EXPECT_TRUE(slot.synced);
  EXPECT_EQ(slot.invalidation_reason, "wal_removed");
}

TEST(DecodeSlotsValues, WhatAnOlderServerDoesNotHaveIsAbsentOrFalse) {
  const auto slots = decode_replication_slots(one_row({{"slot_name", "old"}}));
  ASSERT_EQ(slots.size(), 1U);
  EXPECT_EQ(slots[0].conflicting, std::nullopt) << "not known is not the same as no conflict";
  EXPECT_EQ(slots[0].wal_status, std::nullopt);
  EXPECT_EQ(slots[0].invalidation_reason, std::nullopt);
  EXPECT_FALSE(slots[0].failover);
  EXPECT_FALSE(slots[0].synced);
  EXPECT_TRUE(decode_replication_slots(pg::ResultSet{{"slot_name"}}).empty());
}

TEST(DecodeDatabaseTotalsValues, WhatCannotBeReadAddsNothing) {
  pg::ResultSet rows{{"xact_commit", "xact_rollback", "blks_hit", "blks_read"}};
  for (const char* value : {"5", "x", "", "7"}) {
    rows.append(value);
  }
  const auto totals = decode_database_totals(rows, {});
  EXPECT_EQ(totals.transactions, 5);
  EXPECT_EQ(totals.blocks_hit, 0);
  EXPECT_EQ(totals.blocks_read, 7);
}

TEST(DecodePlace, IsTheNumberOfTheFirstRow) {
  EXPECT_EQ(decode_place(one_row({{"place", "2"}})), 2);
  EXPECT_EQ(decode_place(one_row({{"place", "-1"}})), -1);
  EXPECT_EQ(decode_place(one_row({{"place", std::nullopt}})), std::nullopt);
  EXPECT_EQ(decode_place(one_row({{"other", "2"}})), std::nullopt);
  EXPECT_EQ(decode_place(pg::ResultSet{{"place"}}), std::nullopt);
}

TEST(DecodeStartTime, IsAbsentWithoutARow) {
  EXPECT_EQ(decode_start_time(one_row({{"postmaster_start_time", "1700000000.5"}})), 1700000000.5);
  EXPECT_EQ(decode_start_time(one_row({{"postmaster_start_time", "now"}})), std::nullopt);
  EXPECT_EQ(decode_start_time(pg::ResultSet{{"postmaster_start_time"}}), std::nullopt);
}

TEST(DecodeEndpointValues, TwoRowsAreNoAnswer) {
  pg::ResultSet rows{{"in_recovery", "transaction_read_only", "postmaster_start_time"}};
  for (int i = 0; i < 2; ++i) {
    for (const char* value : {"t", "off", "1"}) {
      rows.append(value);
    }
  }
  const auto reading = decode_endpoint(rows);
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error(), "the endpoint does not answer with one row");
}

TEST(DecodeEndpointValues, WithoutAnIdentifierItIsAbsent) {
  const auto reading = decode_endpoint(one_row(
      {{"in_recovery", "t"}, {"transaction_read_only", "off"}, {"postmaster_start_time", "5"}}
  ));
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->role, cluster::Role::Standby);
  EXPECT_FALSE(reading->read_only);
  EXPECT_EQ(reading->system_identifier, std::nullopt);
}

}  // namespace
}  // namespace pgrepl::sampling
