#include "doctor/findings.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::doctor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Values = std::map<std::string, std::string, std::less<>>;

// A primary with two standbys that lacks nothing.
Values healthy_primary() {
  return {
      {"server_version", "15.8"},
      {"login", "monitor"},
      {"in_recovery", "f"},
      {"is_monitor", "t"},
      {"is_superuser", "f"},
      {"wal_level", "replica"},
      {"fsync", "on"},
      {"full_page_writes", "on"},
      {"max_wal_senders", "10"},
      {"wal_senders", "2"},
      {"max_replication_slots", "10"},
      {"slots", "2"},
      {"inactive_slots", "0"},
      {"senders_without_slot", "0"},
      {"sync_standbys", "1"},
      {"synchronous_standby_names", "ANY 1 (a, b)"},
      {"max_slot_wal_keep_size", "65536"},
      {"wal_keep_size", "0"},
      {"hot_standby", "on"},
      {"hot_standby_feedback", "off"},
      {"snapshot_conflicts", "0"},
      {"archive_mode", "on"},
      {"archives_nowhere", "f"},
      {"archiving_fails", "f"},
      {"wal_log_hints", "on"},
      {"data_checksums", "off"},
      {"track_activities", "on"},
      {"track_counts", "on"},
      {"track_io_timing", "on"},
      {"over_network", "t"},
      {"is_encrypted", "t"},
  };
}

Examined primary_with(const Values& changes = {}) {
  Values values = healthy_primary();
  for (const auto& [name, value] : changes) {
    values[name] = value;
  }
  return {.cluster = "orders", .name = "pg-1", .failure = {}, .facts = Facts{values}};
}

Examined standby_with(Values changes = {}) {
  changes.emplace("in_recovery", "t");
  changes.emplace("wal_senders", "0");
  changes.emplace("slots", "0");
  changes.emplace("synchronous_standby_names", "");
  return primary_with(changes);
}

std::vector<std::string> names(const Examined& server) {
  std::vector<std::string> names;
  for (const Finding& finding : examine(server)) {
    EXPECT_FALSE(finding.message.empty());
    EXPECT_FALSE(finding.remedy.empty());
    names.emplace_back(finding.check);
  }
  return names;
}

TEST(Doctor, FindsNothingOnServersThatLackNothing) {
  EXPECT_THAT(names(primary_with()), IsEmpty());
  EXPECT_THAT(names(standby_with()), IsEmpty());
}

TEST(Doctor, ServerThatCannotBeAskedIsOneFinding) {
  const Examined server{.cluster = "orders", .name = "pg-1", .failure = "connection refused"};
  const auto findings = examine(server);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings.front().check, "reachable");
  EXPECT_THAT(findings.front().message, HasSubstr("connection refused"));
}

struct Case {
  const char* check;
  Values changes;
};

class DoctorOfPrimary : public ::testing::TestWithParam<Case> {};

TEST_P(DoctorOfPrimary, FindsItAndNothingElse) {
  EXPECT_THAT(names(primary_with(GetParam().changes)), ElementsAre(GetParam().check));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    DoctorOfPrimary,
    ::testing::Values(
        Case{"pg_monitor", {{"is_monitor", "f"}}},
        Case{"superuser", {{"is_superuser", "t"}}},
        Case{"encryption", {{"is_encrypted", "f"}}},
        Case{"wal_level", {{"wal_level", "minimal"}}},
        Case{"durability", {{"fsync", "off"}}},
        Case{"durability", {{"full_page_writes", "off"}}},
        Case{"max_wal_senders", {{"max_wal_senders", "3"}}},
        Case{"max_replication_slots", {{"max_replication_slots", "2"}}},
        Case{"max_slot_wal_keep_size", {{"max_slot_wal_keep_size", "-1"}}},
        Case{"inactive_slots", {{"inactive_slots", "1"}}},
        Case{"wal_keep_size", {{"senders_without_slot", "1"}}},
        Case{"repeated_names", {{"repeated_names", "walreceiver"}}},
        Case{"synchronous_standby_names", {{"synchronous_standby_names", "2 (a, b)"}}},
        Case{"archive_mode", {{"archive_mode", "off"}}},
        Case{"archive_mode", {{"archives_nowhere", "t"}}},
        Case{"archive_failures", {{"archiving_fails", "t"}}},
        Case{"pg_rewind", {{"wal_log_hints", "off"}}},
        Case{"track_activities", {{"track_counts", "off"}}},
        Case{"track_io_timing", {{"track_io_timing", "off"}}}
    )
);

class DoctorOfStandby : public ::testing::TestWithParam<Case> {};

TEST_P(DoctorOfStandby, FindsItAndNothingElse) {
  EXPECT_THAT(names(standby_with(GetParam().changes)), ElementsAre(GetParam().check));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    DoctorOfStandby,
    ::testing::Values(
        Case{"hot_standby", {{"hot_standby", "off"}}},
        Case{"hot_standby_feedback", {{"snapshot_conflicts", "3"}}},
        Case{"application_name", {{"is_nameless", "t"}}}
    )
);

class DoctorWithoutFinding : public ::testing::TestWithParam<Values> {};

TEST_P(DoctorWithoutFinding, IsSilent) {
  EXPECT_THAT(names(primary_with(GetParam())), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    DoctorWithoutFinding,
    ::testing::Values(
        Values{{"max_slot_wal_keep_size", "-1"}, {"slots", "0"}},
        Values{{"wal_log_hints", "off"}, {"data_checksums", "on"}},
        Values{{"senders_without_slot", "2"}, {"wal_keep_size", "64"}},
        Values{{"is_encrypted", "f"}, {"over_network", "f"}},
        Values{{"max_replication_slots", "0"}, {"slots", "0"}},
        Values{{"snapshot_conflicts", "3"}}
    )
);

TEST(Doctor, ClockCountsOnlyBeyondWhatTheRoundTripCanHide) {
  Examined server = primary_with();
  server.clock_offset = -3;
  server.clock_uncertainty = 0.01;
  EXPECT_THAT(names(server), ElementsAre("clock"));
  EXPECT_THAT(examine(server).front().message, HasSubstr("-3.0 s"));
  server.clock_uncertainty = 2.5;
  EXPECT_THAT(names(server), IsEmpty());
}

TEST(Doctor, LoginWithoutAPasswordIsSaid) {
  Examined server = primary_with();
  server.asks_for_no_password = true;
  EXPECT_THAT(names(server), ElementsAre("no_password"));
}

TEST(DoctorReport, NamesServerFindingAndRemedy) {
  const std::vector<Examined> servers{
      primary_with({{"archive_mode", "off"}}),
      {.cluster = "orders", .name = "pg-2", .failure = "refused"}};
  EXPECT_EQ(
      report(servers),
      "orders/pg-1 (primary, PostgreSQL 15.8)\n"
      "  archive_mode: archive_mode is off: nothing can be restored to a point in time\n"
      "    ALTER SYSTEM SET archive_mode = on; and restart the server, with an archive_command of "
      "your backup tool\n"
      "orders/pg-2\n"
      "  reachable: it cannot be asked: refused\n"
      "    check address, pg_hba.conf and the login in the configuration; `check` validates the "
      "file\n"
      "2 findings on 2 servers\n"
  );
}

TEST(DoctorDocumentation, HasARowForEveryCheckAndNoOther) {
  std::ifstream file{std::filesystem::path{PGREPL_SOURCE_DIR} / "docs/doctor.md"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  for (const std::string_view check : checks()) {
    EXPECT_THAT(text, HasSubstr("| `" + std::string{check} + "` |"));
  }
  std::size_t rows = 0;
  for (auto at = text.find("\n| `"); at != std::string::npos; at = text.find("\n| `", at + 1)) {
    ++rows;
  }
  EXPECT_EQ(rows, checks().size());
}

TEST(Doctor, RoleThatDoesNotInheritIsNotGrantedWhatItHas) {
  const auto found =
      examine(primary_with({{"is_monitor", "f"}, {"is_member", "t"}, {"fsync", "off"}}));
  ASSERT_EQ(found.size(), 1U) << "what it may not see is no finding";
  EXPECT_THAT(found[0].remedy, HasSubstr("INHERIT"));
  EXPECT_THAT(found[0].remedy, Not(HasSubstr("GRANT pg_monitor TO \"monitor\";")));
}

TEST(Doctor, StandbyWithALowerSettingThanItsPrimaryIsToldBeforeItStops) {
  std::vector<Examined> servers{
      primary_with({{"system_identifier", "7"}, {"max_connections", "200"}}),
      primary_with({{"system_identifier", "7"}, {"max_connections", "100"}, {"in_recovery", "t"}})};
  meet_primaries(servers);
  const auto found = examine(servers[1]);
  const auto limit = std::ranges::find(found, "recovery_limits", &Finding::check);
  ASSERT_NE(limit, found.end());
  EXPECT_THAT(limit->remedy, HasSubstr("max_connections = 200"));
  EXPECT_TRUE(examine(servers[0]).empty());
}

}  // namespace
}  // namespace pgrepl::doctor
