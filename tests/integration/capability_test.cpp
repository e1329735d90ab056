// Functions that a server refuses to us, as administrators and managed services do.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <string>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

struct RefusedCase {
  const char* function;    // with its arguments' types
  const char* capability;  // empty: the tick does without
  // False for what a view has bound by its number, so that another function of its name changes
  // nothing, and for what a primary is not asked.
  bool is_called_by_name = true;
};

constexpr RefusedCase kCases[] = {
    {"pg_current_wal_lsn()", "wal_position"},
    {"pg_walfile_name(pg_lsn)", "wal_position"},
    {"pg_last_wal_receive_lsn()", "wal_position"},
    {"pg_last_wal_replay_lsn()", "wal_position", false},
    {"pg_stat_get_wal_receiver()", "receiver"},
    {"pg_stat_get_wal_senders()", "senders"},
    {"pg_get_replication_slots()", "slots", false},
    {"pg_stat_get_activity(integer)", "activity", false},
    {"pg_control_checkpoint()", "control", false},
    {"pg_control_system()", "control"},
};

class Capabilities : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  [[nodiscard]] std::vector<Series> page() const {
    Exporter exporter{{.environment = {{"DATA_SOURCE_NAME", server.conninfo("monitor")}}}};
    (void)wait_until([&] { return exporter.value("pg_up") == 1; });
    return exporter.scrape();
  }

  static std::optional<double> capability(
      const std::vector<Series>& page, const std::string& name
  ) {
    return find_value(page, "pg_server_capability", {{"capability", name}});
  }

  void expect_cost(const RefusedCase& refused, std::size_t series_before) const {
    const auto found = page();
    EXPECT_EQ(find_value(found, "pg_up"), 1);
    EXPECT_EQ(capability(found, refused.capability), 0);
    for (const char* other :
         {"wal_position", "receiver", "senders", "slots", "control", "activity", "settings"}) {
      if (std::string{other} != refused.capability) {
        EXPECT_EQ(capability(found, other), 1) << other;
      }
    }
    EXPECT_TRUE(find_value(found, "pg_server_role", {{"role", "primary"}}) == 1);
    EXPECT_GT(found.size(), series_before * 8 / 10);
  }

  PgCluster cluster{};
  PgServer& server = cluster.primary();
};

TEST_F(Capabilities, AFunctionThatIsRevokedCostsWhatRestsOnIt) {
  const std::size_t before = page().size();
  for (const RefusedCase& refused : kCases) {
    SCOPED_TRACE(refused.function);
    const std::string function = std::string{"FUNCTION pg_catalog."} + refused.function;
    server.execute("REVOKE EXECUTE ON " + function + " FROM public");
    expect_cost(refused, before);
    server.execute("GRANT EXECUTE ON " + function + " TO public");
  }
}

// CREATE OR REPLACE of a built-in has no effect: the server finds those by their number.
TEST_F(Capabilities, AFunctionThatTheServiceRefusesCostsWhatRestsOnIt) {
  const std::size_t before = page().size();
  for (const RefusedCase& refused : kCases) {
    if (!refused.is_called_by_name) {
      continue;
    }
    SCOPED_TRACE(refused.function);
    const std::string oid = "'pg_catalog." + std::string{refused.function} + "'::regprocedure";
    const std::string create =
        server
            .query_value(
                "SELECT format('ALTER FUNCTION %s RENAME TO %I; CREATE FUNCTION pg_catalog.%I(%s) "
                "RETURNS %s LANGUAGE plpgsql AS $f$BEGIN RAISE EXCEPTION USING ERRCODE = "
                "''0A000'', "
                "MESSAGE = ''not supported by this service''; END$f$', " +
                oid +
                "::text, proname || '_orig', proname, pg_get_function_arguments(oid), "
                "pg_get_function_result(oid)) FROM pg_proc WHERE oid = " +
                oid
            )
            .value_or("");
    const std::string back =
        server
            .query_value(
                "SELECT format('DROP FUNCTION %s; ALTER FUNCTION pg_catalog.%I(%s) RENAME TO "
                "%I', " +
                oid +
                "::text, proname || '_orig', pg_get_function_identity_arguments(oid), "
                "proname) FROM pg_proc WHERE oid = " +
                oid
            )
            .value_or("");
    server.execute("SET allow_system_table_mods = on; " + create);
    expect_cost(refused, before);
    server.execute("SET allow_system_table_mods = on; " + back);
  }
}

TEST_F(Capabilities, RefusedSettingsAreSaid) {
  server.execute("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_show_all_settings() FROM public");
  const auto found = page();
  EXPECT_EQ(find_value(found, "pg_up"), 1);
  EXPECT_EQ(capability(found, "settings"), 0);
  EXPECT_EQ(capability(found, "control"), 1);
}

}  // namespace
}  // namespace pgrepl::testing
