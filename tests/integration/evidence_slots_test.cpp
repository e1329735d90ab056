// What replication slots hold, and who is about to lose WAL, on real servers.
#include "integration/evidence_stage.h"

#include <chrono>
#include <cmath>
#include <future>
#include <limits>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;

class EvidenceSlots : public EvidenceByMajor {
 protected:
  [[nodiscard]] std::optional<double> of_slot(
      const PgServer& server, const std::string& series, const std::string& slot, Labels more = {}
  ) const {
    more.emplace("server", name_of(server));
    more.emplace("slot_name", slot);
    return exporter().value(series, more);
  }

  [[nodiscard]] bool holds_wal(const PgServer& server, const std::string& slot, bool wanted) const {
    return wait_until([&] { return of_slot(server, "pg_slot_holds_wal", slot) == (wanted ? 1 : 0); }
    );
  }

  [[nodiscard]] bool is_invalid(
      const PgServer& server, const std::string& slot, const std::string& reason
  ) const {
    return wait_until([&] {
      return of_slot(server, "pg_slot_invalidation_reason", slot, {{"reason", reason}}) == 1;
    });
  }

  static void reserve(const PgServer& server, const std::string& slot) {
    server.execute("SELECT pg_create_physical_replication_slot('" + slot + "', true)");
  }

  // Segments of WAL until the checkpointer has taken from the slot what it may not keep.
  static void lose(const PgServer& server, const std::string& slot) {
    await("slot " + slot + " is lost", [&] {
      write(server, 100);
      server.execute("SELECT pg_switch_wal(); CHECKPOINT");
      return server.query_value(
                 "SELECT wal_status FROM pg_replication_slots WHERE slot_name = '" + slot + "'"
             ) == "lost";
    });
  }
};

// Case 15.
TEST_P(EvidenceSlots, LostEmptyAndTemporarySlotsAreWhatTheyAre) {
  PgCluster cluster{
      {.major = GetParam(),
       .settings = {"wal_keep_size = 0", "max_slot_wal_keep_size = 16MB", "max_wal_size = 32MB"}}};
  PgServer& primary = cluster.primary();
  reserve(primary, "lost");
  lose(primary, "lost");
  primary.execute("SELECT pg_create_physical_replication_slot('empty')");
  reserve(primary, "kept");
  PgConnection session = primary.connect();
  session.execute("SELECT pg_create_physical_replication_slot('passing', true, true)");
  watch_servers({&primary});
  EXPECT_TRUE(is_invalid(primary, "lost", "wal_removed"));
  EXPECT_TRUE(holds_wal(primary, "lost", false));
  EXPECT_TRUE(holds_wal(primary, "empty", false));
  EXPECT_TRUE(holds_wal(primary, "kept", true));
  EXPECT_TRUE(holds_wal(primary, "passing", true));
  EXPECT_EQ(of_slot(primary, "pg_slot_flag", "passing", {{"flag", "temporary"}}), 1);
  EXPECT_EQ(of_slot(primary, "pg_slot_flag", "kept", {{"flag", "temporary"}}), 0);
  EXPECT_FALSE(of_slot(primary, "pg_slot_retained_bytes", "empty"));
}

// Case 15: a standby keeps copies of failover slots (17+). Nobody reads them, and that is right.
TEST_P(EvidenceSlots, CopyOfAFailoverSlotIsNobodysOrphan) {
  if (GetParam() < 17) {
    GTEST_SKIP() << "slots are synchronized from PostgreSQL 17 on";
  }
  PgCluster cluster{{.major = GetParam(), .settings = {"wal_level = logical"}}};
  PgServer& primary = cluster.primary();
  const std::string upstream =
      "host=127.0.0.1 user=replicator dbname=postgres port=" + std::to_string(primary.port());
  PgServer& standby = cluster.add_standby(
      {.name = "pg-2",
       .slot = "pg_2",
       .settings =
           {"wal_level = logical",
            "hot_standby_feedback = on",
            "sync_replication_slots = on",
            "primary_conninfo = " + quoted(upstream)}}
  );
  primary.execute(
      "SELECT pg_create_logical_replication_slot('consumer', 'test_decoding', false, false, true)"
  );
  watch_servers({&primary, &standby});
  ASSERT_TRUE(wait_until([&] {
    primary.execute("SELECT pg_log_standby_snapshot()");
    return of_slot(standby, "pg_slot_flag", "consumer", {{"flag", "synced"}}) == 1;
  })) << standby.log();
  EXPECT_EQ(of_slot(primary, "pg_slot_flag", "consumer", {{"flag", "failover"}}), 1);
  EXPECT_EQ(of_slot(standby, "pg_slot_has_consumer", "consumer"), 0);
  const Finished doctor = run_exporter(
      {.environment = {{"DATA_SOURCE_NAME", standby.conninfo("monitor")}}, .arguments = {"doctor"}}
  );
  EXPECT_EQ(doctor.output.find("inactive_slots"), std::string::npos) << doctor.output;
  EXPECT_EQ(problems().find(name_of(standby) + " keep WAL for nobody"), std::string::npos);
}

// Case 15: each reason for which 16 and later take a slot away.
TEST_P(EvidenceSlots, SlotOfAStandbyThatLostItsWalLevelSaysSo) {
  if (GetParam() < 16) {
    GTEST_SKIP() << "standbys decode from PostgreSQL 16 on";
  }
  PgCluster cluster{{.major = GetParam(), .settings = {"wal_level = logical"}}};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2", .settings = {"wal_level = logical"}});
  auto made = std::async(std::launch::async, [&standby] {
    standby.execute("SELECT pg_create_logical_replication_slot('decoder', 'test_decoding')");
  });
  ASSERT_TRUE(wait_until([&] {
    primary.execute("SELECT pg_log_standby_snapshot()");
    return made.wait_for(100ms) == std::future_status::ready;
  }));
  made.get();
  watch_servers({&primary, &standby});
  EXPECT_TRUE(holds_wal(standby, "decoder", true));
  primary.configure({"wal_level = replica"});
  primary.stop();
  primary.start();
  EXPECT_TRUE(
      is_invalid(standby, "decoder", GetParam() >= 17 ? "wal_level_insufficient" : "conflicting")
  ) << standby.log();
  EXPECT_TRUE(holds_wal(standby, "decoder", false));
}

TEST_P(EvidenceSlots, SlotThatWasIdleForTooLongSaysSo) {
  if (GetParam() < 18) {
    GTEST_SKIP() << "idle_replication_slot_timeout came with PostgreSQL 18";
  }
  PgCluster cluster{{.major = GetParam(), .settings = {"idle_replication_slot_timeout = '1s'"}}};
  reserve(cluster.primary(), "idle");
  watch_servers({&cluster.primary()});
  EXPECT_TRUE(wait_until([&] {
    cluster.primary().execute("CHECKPOINT");
    return of_slot(
               cluster.primary(),
               "pg_slot_invalidation_reason",
               "idle",
               {{"reason", "idle_timeout"}}
           ) == 1;
  }));
  EXPECT_TRUE(holds_wal(cluster.primary(), "idle", false));
}

// Case 16. The window of the rate is twenty seconds, hence the time this takes.
TEST_P(EvidenceSlots, TimeToLossFollowsTheSlotAndNotThePrimary) {
  PgCluster cluster{
      {.major = GetParam(),
       .settings = {"wal_keep_size = 0", "max_slot_wal_keep_size = 400MB", "max_wal_size = 64MB"}}};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2", .slot = "keeps_up"});
  reserve(primary, "gone");
  reserve(primary, "slow");
  watch_servers({&primary, &standby});
  ASSERT_TRUE(becomes(standby, "streaming"));
  const auto time_to_loss = [&](const char* slot) {
    return of_slot(primary, "pg_slot_time_to_loss_seconds", slot);
  };
  ASSERT_TRUE(wait_until(
      [&] {
        write(primary, 1000);
        // Half of what there is, each time: it falls behind more slowly than the one that is gone.
        primary.execute(
            "SELECT pg_replication_slot_advance('slow', format('%s/%s', upper(to_hex(half >> 32)), "
            "upper(to_hex(half & 4294967295)))::pg_lsn) FROM (SELECT ((pg_current_wal_flush_lsn() "
            "- '0/0'::pg_lsn + (restart_lsn - '0/0'::pg_lsn)) / 2)::bigint AS half FROM "
            "pg_replication_slots WHERE slot_name = 'slow') AS slot"
        );
        std::this_thread::sleep_for(300ms);
        return time_to_loss("gone").has_value() && time_to_loss("keeps_up").has_value();
      },
      60s
  ));
  EXPECT_EQ(time_to_loss("keeps_up"), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isfinite(time_to_loss("gone").value_or(INFINITY)));
  EXPECT_GT(time_to_loss("slow").value_or(0), time_to_loss("gone").value_or(0));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EvidenceSlots);
INSTANTIATE_TEST_SUITE_P(Majors, EvidenceSlots, evidence_majors(), name_of_major);

}  // namespace
}  // namespace pgrepl::testing
