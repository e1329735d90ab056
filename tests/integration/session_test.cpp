// A session against a real server, and against a network that misbehaves.
#include "session/session.h"

#include "session/conninfo_parser.h"
#include "session/libpq_network.h"
#include "support/pg_cluster.h"
#include "support/run_coroutine.h"
#include "support/tcp_gate.h"

#include <chrono>

#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

using namespace std::chrono_literals;
using pg::FailureReason;
using testing::run_coroutine;

class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  static Deadline in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
  }

  static pg::ConnInfo conninfo(const std::string& text) {
    return parse_conninfo(text).value().front();
  }

  std::unique_ptr<Session> session(const std::string& text, SessionOptions options = kOptions) {
    return network.make_session(conninfo(text), options);
  }

  std::unique_ptr<Session> connected() {
    auto made = session(server.conninfo("monitor"));
    const auto result = run_coroutine(io, made->connect());
    EXPECT_TRUE(result) << result.error().message;
    return made;
  }

  std::vector<QueryResult> run(
      Session& with, const std::vector<pg::Statement>& sql, std::chrono::milliseconds time = 2s
  ) {
    return run_coroutine(io, with.run(sql, in(time)));
  }

  ConnectError refusal(const std::string& text, SessionOptions options = kOptions) {
    auto made = session(text, options);
    const auto result = run_coroutine(io, made->connect());
    EXPECT_FALSE(result);
    EXPECT_FALSE(made->is_open());
    return result ? ConnectError{} : result.error();
  }

  static constexpr SessionOptions kOptions{
      .connect_timeout = 1s, .statement_timeout = 2s, .lock_timeout = 100ms};

  loop::SystemClock clock;
  asio::io_context io{1};
  LibpqNetwork network{loop::Loop{io, clock}};
  testing::PgCluster cluster{};
  testing::PgServer& server = cluster.primary();
};

std::string only_value(const QueryResult& result) {
  return result ? std::string{result->at(0, std::size_t{0}).value_or("NULL")}
                : "error: " + result.error().message;
}

TEST_F(SessionTest, FailingStatementCostsOnlyItself) {
  const auto open = connected();
  const auto results = run(*open, {"SELECT 1", "SELECT 1/0", "SELEC 2", "SELECT 3"});
  EXPECT_EQ(only_value(results[0]), "1");
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().sqlstate, "22012");
  ASSERT_FALSE(results[2]);
  EXPECT_EQ(results[2].error().sqlstate, "42601");
  EXPECT_EQ(only_value(results[3]), "3");
  EXPECT_TRUE(open->is_open());
}

TEST_F(SessionTest, StatementsArePreparedOnce) {
  const auto open = connected();
  const std::string count = "SELECT count(*) FROM pg_catalog.pg_prepared_statements";
  EXPECT_EQ(only_value(run(*open, {count})[0]), only_value(run(*open, {count})[0]));
}

TEST_F(SessionTest, PreparedStatementThatTheServerLostIsMadeAgain) {
  const auto open = connected();
  EXPECT_EQ(only_value(run(*open, {"SELECT 5"})[0]), "5");
  EXPECT_TRUE(run(*open, {"DISCARD PLANS"}).size() == 1);
  (void)run(*open, {"DEALLOCATE ALL"});
  EXPECT_FALSE(run(*open, {"SELECT 5"})[0]);
  EXPECT_EQ(only_value(run(*open, {"SELECT 5"})[0]), "5");
}

TEST_F(SessionTest, DeadlineKeepsWhatWasAnsweredAndClosesTheSession) {
  const auto open = connected();
  const auto began = std::chrono::steady_clock::now();
  const auto results = run(*open, {"SELECT 1", "SELECT pg_catalog.pg_sleep(1.5)"}, 300ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1400ms);
  EXPECT_EQ(only_value(results[0]), "1");
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().reason, FailureReason::Timeout);
  EXPECT_TRUE(results[1].error().ends_session);
  EXPECT_FALSE(open->is_open());
}

TEST_F(SessionTest, FrozenServerIsATimeout) {
  const auto open = connected();
  server.freeze();
  const auto results = run(*open, {"SELECT 1"}, 300ms);
  server.thaw();
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().reason, FailureReason::Timeout);
}

TEST_F(SessionTest, TerminatedBackendEndsTheSessionAndSaysWhy) {
  const auto open = connected();
  server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'monitor'"
  );
  const auto results = run(*open, {"SELECT 1", "SELECT 2"});
  for (const QueryResult& result : results) {
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().ends_session);
  }
  EXPECT_FALSE(open->is_open());
  const auto again = run_coroutine(io, open->connect());
  EXPECT_TRUE(again);
  EXPECT_EQ(only_value(run(*open, {"SELECT 1"})[0]), "1");
}

TEST_F(SessionTest, WhatStatementsDependOnIsPinned) {
  const auto open = connected();
  const auto results =
      run(*open,
          {"SELECT pg_catalog.current_setting('search_path')",
           "SELECT pg_catalog.current_setting('default_transaction_read_only')",
           "SELECT pg_catalog.current_setting('statement_timeout')",
           "SELECT pg_catalog.current_setting('lock_timeout')",
           "SELECT pg_catalog.current_setting('application_name')",
           "CREATE TEMP TABLE t(i int)"});
  EXPECT_EQ(only_value(results[0]), "pg_catalog");
  EXPECT_EQ(only_value(results[1]), "on");
  EXPECT_EQ(only_value(results[2]), "2s");
  EXPECT_EQ(only_value(results[3]), "100ms");
  EXPECT_EQ(only_value(results[4]), "pg_replication_exporter");
  ASSERT_FALSE(results[5]);
  EXPECT_EQ(results[5].error().sqlstate, "25006");
}

TEST_F(SessionTest, StatementTimeoutIsTheServersAndKeepsTheSession) {
  auto open = session(
      server.conninfo("monitor"),
      {.connect_timeout = 1s, .statement_timeout = 100ms, .lock_timeout = 100ms}
  );
  ASSERT_TRUE(run_coroutine(io, open->connect()));
  const auto results = run(*open, {"SELECT pg_catalog.pg_sleep(5)", "SELECT 2"});
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().reason, FailureReason::Timeout);
  EXPECT_FALSE(results[0].error().ends_session);
  EXPECT_EQ(only_value(results[1]), "2");
}

TEST_F(SessionTest, LargeResultsAndManyStatementsPass) {
  const auto open = connected();
  std::vector<pg::Statement> many;
  for (int i = 0; i < 200; ++i) {
    many.push_back("SELECT pg_catalog.repeat('x', 20000) || " + std::to_string(i));
  }
  const auto results = run(*open, many, 10s);
  for (const QueryResult& result : results) {
    ASSERT_TRUE(result) << result.error().message;
  }
  EXPECT_EQ(only_value(results[199]).size(), 20003U);
}

TEST_F(SessionTest, ReasonsOfRefusedConnections) {
  const std::string port = " port=" + std::to_string(server.port());
  EXPECT_EQ(refusal("host=127.0.0.1 port=1 user=monitor").reason, FailureReason::Refused);
  EXPECT_EQ(refusal("host=name.invalid user=monitor").reason, FailureReason::Dns);
  EXPECT_EQ(refusal("host=127.0.0.1 user=nobody_here" + port).reason, FailureReason::Auth);
  EXPECT_EQ(
      refusal("host=127.0.0.1 user=monitor sslmode=require" + port).reason, FailureReason::Tls
  );
  auto missing = conninfo(server.conninfo("monitor"));
  missing.password_file = "/nonexistent/password";
  const auto with_file = network.make_session(missing, kOptions);
  const auto result = run_coroutine(io, with_file->connect());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, FailureReason::Auth);
  EXPECT_NE(result.error().message.find("/nonexistent/password"), std::string::npos);
}

TEST_F(SessionTest, NameIsResolvedToItsAddresses) {
  auto open =
      session("host=localhost user=monitor dbname=postgres port=" + std::to_string(server.port()));
  const auto result = run_coroutine(io, open->connect());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(open->addresses().empty());
}

TEST_F(SessionTest, SilentNetworkIsATimeoutWhenConnectingToo) {
  testing::TcpGate gate{server.port()};
  gate.drop();
  const auto began = std::chrono::steady_clock::now();
  const auto error =
      refusal("host=127.0.0.1 user=monitor dbname=postgres port=" + std::to_string(gate.port()));
  EXPECT_EQ(error.reason, FailureReason::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST_F(SessionTest, ConnectionCutMidwayIsAnErrorForWhatIsMissing) {
  testing::TcpGate gate{server.port()};
  auto open =
      session("host=127.0.0.1 user=monitor dbname=postgres port=" + std::to_string(gate.port()));
  ASSERT_TRUE(run_coroutine(io, open->connect()));
  gate.close_midway(30);
  const auto results = run(*open, {"SELECT pg_catalog.repeat('x', 5000)", "SELECT 2"});
  EXPECT_FALSE(results[0]);
  EXPECT_FALSE(results[1]);
  EXPECT_FALSE(open->is_open());
}

TEST_F(SessionTest, TooManyConnectionsAndStartingUpAreToldApart) {
  server.configure(
      {"max_connections = 8", "max_wal_senders = 2", "superuser_reserved_connections = 2"}
  );
  server.stop();
  server.start();
  std::vector<std::unique_ptr<Session>> all;
  std::optional<ConnectError> error;
  for (int i = 0; i < 10 && !error; ++i) {
    auto& one = all.emplace_back(session(server.conninfo("monitor")));
    if (const auto result = run_coroutine(io, one->connect()); !result) {
      error = result.error();
    }
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->reason, FailureReason::TooManyConnections) << error->message;
}

}  // namespace
}  // namespace pgrepl::session
