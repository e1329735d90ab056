// Who is a standby, what our role may see, and where balanced ways lead, on real servers.
#include "integration/evidence_stage.h"
#include "support/tcp_gate.h"

#include <chrono>
#include <memory>
#include <stdexcept>

#include <libpq-fe.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;

// A consumer of WAL that replays nothing: the replication protocol, by hand, since some
// installations have no programs for it. Nothing is read of what the server sends.
class WalConsumer {
 public:
  WalConsumer(const PgServer& server, const std::string& name, const std::string& command)
      : connection_(
            PQconnectdb((server.conninfo("replicator") + " replication=" +
                         (command.find(" LOGICAL ") == std::string::npos ? "true" : "database") +
                         " application_name=" + name)
                            .c_str()),
            PQfinish
        ) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer{
        PQexec(connection_.get(), command.c_str()), PQclear};
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_COPY_BOTH && status != PGRES_TUPLES_OK && status != PGRES_COPY_OUT) {
      throw std::runtime_error(name + ": " + PQerrorMessage(connection_.get()));
    }
  }

  // As pg_receivewal reports: written and flushed, and never replayed.
  void report(const PgServer& server) {
    const std::string end =
        server.query_value("SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint").value_or("0");
    std::string message = "r";
    for (const std::uint64_t number : {std::stoull(end), std::stoull(end), 0ULL, 0ULL}) {
      for (int shift = 56; shift >= 0; shift -= 8) {
        message += static_cast<char>((number >> shift) & 0xffU);
      }
    }
    message += '\0';
    PQputCopyData(connection_.get(), message.data(), static_cast<int>(message.size()));
    PQflush(connection_.get());
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

class EvidenceSight : public EvidenceByMajor {
 protected:
  static Finished examine(const std::string& conninfo) {
    return run_exporter({.environment = {{"DATA_SOURCE_NAME", conninfo}}, .arguments = {"doctor"}});
  }

  static std::string login(const PgServer& server, const std::string& role) {
    return "host=127.0.0.1 user=" + role + " dbname=postgres port=" + std::to_string(server.port());
  }
};

// Case 29.
TEST_P(EvidenceSight, ConsumersThatReplayNothingAreNoStandbys) {
  PgCluster cluster{
      {.major = GetParam(), .settings = {"wal_level = logical", "wal_keep_size = 0"}}};
  PgServer& primary = cluster.primary();
  primary.execute("SELECT pg_create_logical_replication_slot('changes', 'test_decoding')");
  write(primary, 100);
  WalConsumer archive{primary, "barman_receive_wal", "START_REPLICATION 0/1000000"};
  archive.report(primary);
  const WalConsumer changes{
      primary, "pg_recvlogical", "START_REPLICATION SLOT changes LOGICAL 0/0"};
  const WalConsumer backup{
      primary,
      "pg_basebackup",
      GetParam() >= 15 ? "BASE_BACKUP (LABEL 'b', CHECKPOINT 'fast', MAX_RATE 32)"
                       : "BASE_BACKUP LABEL 'b' FAST MAX_RATE 32"};
  ASSERT_TRUE(wait_until([&] {
    return primary.query_value("SELECT count(*) FROM pg_stat_replication") == "3";
  }));
  watch_servers({&primary});
  for (int i = 0; i < 4; ++i) {
    write(primary, 10);
    archive.report(primary);
    ASSERT_FALSE(has("unknown_standby")) << problems();
    ASSERT_EQ(exporter().value("pg_cluster_streaming_standbys"), 0);
    std::this_thread::sleep_for(500ms);
  }
  EXPECT_EQ(events_with("unknown_standby"), 0U);
  const Finished doctor = examine(primary.conninfo("monitor"));
  EXPECT_EQ(doctor.output.find("standby(s) have no slot"), std::string::npos) << doctor.output;
  EXPECT_EQ(doctor.output.find("several standbys"), std::string::npos) << doctor.output;
}

// Case 7, its child: the membership is there, and its rights are not inherited.
TEST_P(EvidenceSight, RoleThatDoesNotInheritIsNotAdvisedToJoin) {
  PgCluster cluster{{.major = GetParam()}};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  primary.execute("CREATE ROLE shy LOGIN NOINHERIT; GRANT pg_monitor TO shy");
  cluster.wait_until_caught_up(standby);
  watch({login(primary, "shy"), login(standby, "shy")});
  EXPECT_TRUE(shows("not_permitted")) << problems();
  EXPECT_TRUE(wait_until([&] {
    return problems().find("ALTER ROLE \\\"shy\\\" INHERIT") != std::string::npos;
  })) << problems();
  EXPECT_EQ(problems().find("GRANT pg_monitor TO \\\"shy\\\";"), std::string::npos) << problems();
  const Finished doctor = examine(login(primary, "shy"));
  EXPECT_NE(doctor.output.find("does not inherit its rights"), std::string::npos) << doctor.output;
  EXPECT_EQ(doctor.output.find("GRANT pg_monitor TO \"shy\";"), std::string::npos) << doctor.output;
  // What it advises helps.
  primary.execute(
      GetParam() >= 16 ? "GRANT pg_monitor TO shy WITH INHERIT TRUE" : "ALTER ROLE shy INHERIT"
  );
  cluster.wait_until_caught_up(standby);
  EXPECT_TRUE(wait_until([&] { return !has("not_permitted"); })) << problems();
  EXPECT_TRUE(becomes(standby, "streaming"));
}

// Case 7: rights on settings say nothing of replication.
TEST_P(EvidenceSight, RoleThatReadsSettingsAloneIsToldWhatIsHidden) {
  PgCluster cluster{{.major = GetParam()}};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  primary.execute("CREATE ROLE reader LOGIN IN ROLE pg_read_all_settings");
  cluster.wait_until_caught_up(standby);
  watch({login(primary, "reader"), login(standby, "reader")});
  EXPECT_TRUE(shows("not_permitted")) << problems();
  EXPECT_TRUE(wait_until([&] { return lag(standby).has_value(); }));
  EXPECT_EQ(state(standby), "");
  const std::string said = problems();
  EXPECT_NE(said.find("GRANT pg_monitor TO \\\"reader\\\";"), std::string::npos) << said;
  EXPECT_EQ(said.find("\"critical\""), std::string::npos) << said;
  const Labels receiver{{"server", name_of(standby)}, {"capability", "receiver"}};
  EXPECT_EQ(exporter().value("pg_server_capability", receiver), 0);
}

// Case 13: 14 and later pause, 13 ends.
TEST_P(EvidenceSight, SettingRaisedOnThePrimaryFirstIsNamed) {
  PgCluster cluster{{.major = GetParam()}};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  watch_servers({&primary, &standby});
  ASSERT_TRUE(becomes(standby, "streaming"));
  primary.configure({"max_connections = 80"});
  primary.stop();
  primary.start();
  write(primary, 10);
  EXPECT_TRUE(becomes(standby, GetParam() >= 14 ? "paused" : "unreachable")) << problems();
  EXPECT_TRUE(wait_until([&] {
    return problems().find("max_connections to at least 80") != std::string::npos;
  })) << problems();
  EXPECT_EQ(problems().find("pg_wal_replay_resume"), std::string::npos);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EvidenceSight);
INSTANTIATE_TEST_SUITE_P(Majors, EvidenceSight, evidence_majors(), name_of_major);

// Case 32: one address, two standbys in turn.
class EvidenceBalanced : public EvidenceStage {
 protected:
  PgCluster cluster{};
  PgServer& one = cluster.add_standby({.name = "pg-2"});
  PgServer& two = cluster.add_standby({.name = "pg-3"});
};

TEST_F(EvidenceBalanced, ReadEndpointIsSteadyOverItsStandbys) {
  const TcpGate read{one.port(), {.also = {two.port()}}};
  const TcpGate any{one.port(), {.also = {cluster.primary().port()}}};
  watch_file(
      "clusters:\n  - servers:\n      - " + entry_of(cluster.primary()) + "\n      - " +
      entry_of(one) + "\n      - " + entry_of(two) +
      "\n    endpoints:\n      - { name: read, host: 127.0.0.1, port: " +
      std::to_string(read.port()) +
      ", expect: standby }\n      - { name: any, host: 127.0.0.1, port: " +
      std::to_string(any.port()) + ", expect: any }\n"
  );
  const auto leads = [&](const char* endpoint, const PgServer& server) {
    return exporter().value(
               "pg_endpoint_server_info", {{"endpoint", endpoint}, {"server", name_of(server)}}
           ) == 1;
  };
  // Each is met twice, so that every probe after the first two could have been news.
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(wait_until([&] { return leads("read", one); }));
    ASSERT_TRUE(wait_until([&] { return leads("read", two); }));
    ASSERT_TRUE(wait_until([&] { return leads("any", cluster.primary()); }));
    ASSERT_TRUE(wait_until([&] { return leads("any", one); }));
    EXPECT_EQ(exporter().value("pg_endpoint_ok", {{"endpoint", "read"}}), 1);
    EXPECT_EQ(exporter().value("pg_endpoint_ok", {{"endpoint", "any"}}), 1);
  }
  EXPECT_EQ(events_with("endpoint read is ok"), 2U) << "one for each server";
  EXPECT_EQ(events_with("endpoint any is ok"), 2U);
  EXPECT_EQ(events_with("is not ok"), 0U);
}

}  // namespace
}  // namespace pgrepl::testing
