// What a session must never do to a server, and what no server may do to a session.
#include "session/conninfo_parser.h"
#include "session/libpq_network.h"
#include "support/pg_cluster.h"
#include "support/run_coroutine.h"

#include <chrono>
#include <memory>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

using namespace std::chrono_literals;
using testing::run_coroutine;

constexpr SessionOptions kOptions{
    .connect_timeout = 2s, .statement_timeout = 2s, .lock_timeout = 100ms};

class SessionHarm : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  std::unique_ptr<Session> connected(testing::PgServer& to) {
    auto made =
        network.make_session(parse_conninfo(to.conninfo("monitor")).value().front(), kOptions);
    const auto result = run_coroutine(io, made->connect());
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return made;
  }

  std::vector<QueryResult> run(Session& with, const std::vector<pg::Statement>& sql) {
    return run_coroutine(io, with.run(sql, loop.now() + 2s));
  }

  std::string value(Session& with, const std::string& sql) {
    const auto results = run(with, {sql});
    return results[0] ? std::string{results[0]->at(0, std::size_t{0}).value_or("NULL")}
                      : "error: " + results[0].error().message;
  }

  loop::SystemClock clock;
  asio::io_context io{1};
  loop::Loop loop{io, clock};
  LibpqNetwork network{loop};
  testing::PgCluster cluster{};
  testing::PgServer& server = cluster.primary();
};

TEST_F(SessionHarm, AThousandFailuresLeaveNothingOnTheServer) {
  const auto open = connected(server);
  const std::string prepared = "SELECT count(*) FROM pg_catalog.pg_prepared_statements";
  const std::vector<pg::Statement> failing{
      "SELECT 1/(1 - count(*)) FROM (SELECT 1) AS one", "SELEC 1"};
  (void)run(*open, failing);
  const std::string before = value(*open, prepared);
  for (int i = 0; i < 500; ++i) {
    const auto results = run(*open, failing);
    ASSERT_FALSE(results[0] || results[1]);
  }
  EXPECT_EQ(value(*open, prepared), before);
}

TEST_F(SessionHarm, TheTicksTextIsShort) {
  server.configure({"log_statement = all"});
  const auto open = connected(server);
  pg::Statement tick{"SELECT 'a long text' AS x, pg_catalog.pg_is_in_recovery()"};
  tick.send_briefly();
  for (int i = 0; i < 3; ++i) {
    const auto results = run(*open, {tick, "SELECT 2"});
    ASSERT_TRUE(results[0]) << results[0].error().message;
    EXPECT_EQ(results[0]->at(0, std::size_t{0}), "a long text");
    EXPECT_EQ(results[1]->at(0, std::size_t{0}), "2");
  }
  const std::string log = server.log();
  EXPECT_NE(log.find("EXECUTE pgrepl_1"), std::string::npos) << log;
  EXPECT_EQ(log.find("a long text"), std::string::npos) << log;
  EXPECT_EQ(value(*open, "SELECT count(*) FROM pg_catalog.pg_prepared_statements"), "3");
}

TEST_F(SessionHarm, WhatAStatementReturnsMayChange) {
  server.execute("CREATE TABLE changing (a int); INSERT INTO changing VALUES (1)");
  server.execute("GRANT SELECT ON changing TO monitor");
  const auto open = connected(server);
  const std::string all = "SELECT * FROM public.changing";
  EXPECT_EQ(value(*open, all), "1");
  server.execute("ALTER TABLE changing ALTER a TYPE text");
  EXPECT_EQ(value(*open, all), "error: cached plan must not change result type");
  EXPECT_EQ(value(*open, all), "1");
  EXPECT_EQ(
      value(
          *open,
          "SELECT count(*) FROM pg_catalog.pg_prepared_statements WHERE statement LIKE '%changing%'"
          " AND statement NOT LIKE '%count%'"
      ),
      "1"
  );
}

TEST_F(SessionHarm, PreparedStatementsAreBounded) {
  const auto open = connected(server);
  for (int i = 0; i < 1200; i += 50) {
    std::vector<pg::Statement> batch;
    for (int k = i; k < i + 50; ++k) {
      batch.emplace_back("SELECT " + std::to_string(k));
    }
    for (const QueryResult& result : run(*open, batch)) {
      ASSERT_TRUE(result) << result.error().message;
    }
  }
  EXPECT_LE(std::stoi(value(*open, "SELECT count(*) FROM pg_catalog.pg_prepared_statements")), 600);
}

TEST_F(SessionHarm, CopyEndsTheSessionWithASentence) {
  const auto open = connected(server);
  const auto results = run(*open, {"SELECT 1", "COPY (SELECT 1) TO STDOUT", "SELECT 2"});
  ASSERT_FALSE(results[1]);
  EXPECT_NE(results[1].error().message.find("COPY"), std::string::npos);
  EXPECT_FALSE(open->is_open());
  EXPECT_TRUE(run_coroutine(io, open->connect()));
  EXPECT_EQ(value(*open, "SELECT 3"), "3");
}

TEST_F(SessionHarm, CopyEndsTheSimpleProtocolToo) {
  const auto simple = network.make_simple_session();
  const auto problem = run_coroutine(
      io, simple->open(parse_conninfo(server.conninfo("monitor")).value().front(), loop.now() + 2s)
  );
  ASSERT_FALSE(problem);
  const auto answer = run_coroutine(io, simple->ask("COPY (SELECT 1) TO STDOUT", loop.now() + 2s));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("COPY"), std::string::npos);
  EXPECT_FALSE(simple->is_open());
}

TEST_F(SessionHarm, AnAnswerThatWeDidNotWaitForIsGivenUp) {
  const auto open = connected(server);
  std::optional<std::vector<QueryResult>> results;
  asio::co_spawn(
      io,
      open->run({"SELECT pg_catalog.pg_sleep(1)"}, loop.now() + 10s),
      [&results](const std::exception_ptr&, std::vector<QueryResult> came) {
        results = std::move(came);
      }
  );
  io.restart();
  io.poll();
  open->close();
  io.restart();
  io.run();
  ASSERT_TRUE(results);
  EXPECT_TRUE(was_given_up(results->front()));
  EXPECT_FALSE(lost_connection(results->front()));
}

TEST_F(SessionHarm, ClosedWhileItLogsInIsAnErrorAndNoCrash) {
  for (int steps = 0; steps < 40; ++steps) {
    auto made =
        network.make_session(parse_conninfo(server.conninfo("monitor")).value().front(), kOptions);
    bool ended = false;
    asio::co_spawn(io, made->connect(), [&ended](const std::exception_ptr& problem, const auto&) {
      ended = true;
      EXPECT_EQ(problem, nullptr);
    });
    io.restart();
    for (int i = 0; i < steps && !ended; ++i) {
      (void)io.run_one();
    }
    made->close();
    io.restart();
    io.run();
    EXPECT_TRUE(ended);
  }
}

TEST_F(SessionHarm, SettingsOfTheRoleDoNotDecideForUs) {
  testing::PgServer& standby = cluster.add_standby({.name = "pg-2"});
  server.execute(
      "ALTER ROLE monitor SET default_transaction_isolation = 'serializable';"
      "ALTER ROLE monitor SET default_transaction_deferrable = on;"
      "ALTER ROLE monitor SET \"DateStyle\" = 'German';"
      "ALTER ROLE monitor SET bytea_output = 'escape'"
  );
  cluster.wait_until_caught_up(standby);
  const auto open = connected(standby);
  EXPECT_EQ(value(*open, "SELECT 1"), "1");
  EXPECT_EQ(value(*open, "SHOW transaction_isolation"), "read committed");
  EXPECT_EQ(value(*open, "SHOW transaction_deferrable"), "off");
  EXPECT_EQ(value(*open, "SELECT DATE '2026-03-01'"), "2026-03-01");
}

}  // namespace
}  // namespace pgrepl::session
