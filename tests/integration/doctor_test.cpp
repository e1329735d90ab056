// The doctor on real servers.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/scratch_folder.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Doctor : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  static Finished examine(const std::string& data_source_name) {
    return run_exporter(
        {.environment = {{"DATA_SOURCE_NAME", data_source_name}}, .arguments = {"doctor"}}
    );
  }

  ScratchFolder folder;
};

TEST_F(Doctor, NamesWhatIsMissingOnEachServerAndWhatMendsIt) {
  PgCluster cluster{{.settings = {"track_io_timing = on", "wal_log_hints = off"}}};
  PgServer& standby =
      cluster.add_standby({.name = "pg-2", .slot = "pg_2", .settings = {"track_io_timing = on"}});
  cluster.primary().execute("SELECT pg_create_physical_replication_slot('nobody', true)");
  const Finished finished =
      examine(cluster.primary().conninfo("monitor") + "," + standby.conninfo("monitor"));
  EXPECT_EQ(finished.status, 1) << finished.output;
  EXPECT_THAT(
      finished.output,
      AllOf(
          HasSubstr("(primary, PostgreSQL "),
          HasSubstr("(standby, PostgreSQL "),
          HasSubstr("inactive_slots: 1 replication slot(s) have no reader"),
          HasSubstr("max_slot_wal_keep_size is -1"),
          HasSubstr("ALTER SYSTEM SET max_slot_wal_keep_size"),
          // The servers of the tests trust everybody.
          HasSubstr("no_password: a login without a password was let in"),
          Not(HasSubstr("track_io_timing: ")),
          Not(HasSubstr("pg_monitor: "))
      )
  );
  // From PostgreSQL 18 on, initdb turns checksums on.
  const bool has_checksums = cluster.primary().major() >= 18;
  const std::string rewind = "pg_rewind: neither wal_log_hints nor data checksums";
  EXPECT_EQ(finished.output.find(rewind) == std::string::npos, has_checksums) << finished.output;
}

TEST_F(Doctor, RoleWithoutRightsAndServerThatIsGoneAreSaid) {
  PgCluster cluster{};
  cluster.primary().execute("CREATE ROLE outsider LOGIN");
  const Finished finished =
      examine(cluster.primary().conninfo("outsider") + ",host=127.0.0.1 port=1 user=outsider");
  EXPECT_EQ(finished.status, 1) << finished.output;
  EXPECT_THAT(finished.output, HasSubstr("GRANT pg_monitor TO \"outsider\";"));
  EXPECT_THAT(finished.output, HasSubstr("default/127.0.0.1:1\n  reachable: it cannot be asked"));
}

// libpq writes of a password file that is none to standard error, once for each login.
TEST_F(Doctor, NeitherItNorOtherCommandsPassOnWhatLibpqWritesToStandardError) {
  PgCluster cluster{};
  const std::string config = folder / "exporter.yml";
  std::ofstream{config}
      << "clusters: [{ servers: [{ name: pg-1, host: 127.0.0.1, user: monitor, port: "
      << cluster.primary().port() << ", passfile: /dev/null }] }]\n";
  const std::vector<std::vector<std::string>> commands{
      {"doctor", "--config.file=" + config}, {"check", "--connect", "--config.file=" + config}};
  for (const std::vector<std::string>& command : commands) {
    const Finished finished =
        run_exporter({.environment = {{"PGPASSFILE", "/dev/null"}}, .arguments = command});
    EXPECT_THAT(finished.output, HasSubstr("pg-1")) << command[0];
    EXPECT_THAT(finished.output, Not(HasSubstr("plain file"))) << command[0];
  }
}

TEST_F(Doctor, WrongConfigurationIsBadInput) {
  const Finished finished = run_exporter({.environment = {}, .arguments = {"doctor"}});
  EXPECT_EQ(finished.status, 2) << finished.output;
}

}  // namespace
}  // namespace pgrepl::testing
