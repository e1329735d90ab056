// Batches behind a pooler, whatever the peer does in their course.
#include "session/pinned_settings.h"
#include "session/pipeline_session.h"
#include "wire_scene.h"

namespace pgrepl::session {
namespace {

using pg::FailureReason;

class Pooled : public WireScene {
 protected:
  // The process that serves us is another one than the login said.
  Pooled() { server.answers["SELECT pg_catalog.pg_backend_pid()"] = wire::one("1"); }

  std::unique_ptr<PipelineSession> pooled() {
    auto made = connected();
    EXPECT_TRUE(made->is_pooled());
    seen_ = server.heard().size();
    return made;
  }

  // Heard since the last call.
  std::vector<std::string> news() {
    std::vector<std::string> since(
        server.heard().begin() + static_cast<std::ptrdiff_t>(seen_), server.heard().end()
    );
    seen_ = server.heard().size();
    return since;
  }

  const std::string begins = "Query " + pinned_transaction(kOptions);

 private:
  std::size_t seen_ = 0;
};

TEST_F(Pooled, RunsABatchInOneReadOnlyTransaction) {
  const auto open = pooled();
  server.answers["B"] = wire::one("b");
  const auto results = run(*open, {"A", "B"});
  EXPECT_EQ(only_value(results[0]), "1");
  EXPECT_EQ(only_value(results[1]), "b");
  const std::vector<std::string> heard{
      begins,
      "Parse  A",
      "Bind ",
      "Execute",
      "Sync",
      "Parse  B",
      "Bind ",
      "Execute",
      "Sync",
      "Query COMMIT"};
  EXPECT_EQ(news(), heard) << "nothing is prepared under a name";
  EXPECT_EQ(open->durations().size(), 2U);
  EXPECT_TRUE(open->is_open());
}

TEST_F(Pooled, WhatIsSetEndsWithTheTransaction) {
  const std::string sql = pinned_transaction(kOptions);
  EXPECT_EQ(sql.find("BEGIN"), 0U) << sql;
  EXPECT_NE(sql.find("READ ONLY"), std::string::npos) << sql;
  EXPECT_NE(sql.find("SET LOCAL search_path = pg_catalog"), std::string::npos) << sql;
  EXPECT_NE(sql.find("SET LOCAL statement_timeout = '2000ms'"), std::string::npos) << sql;
  EXPECT_EQ(sql.find("tcp_keepalives"), std::string::npos) << "they are the pooler's own";
  EXPECT_EQ(sql.find(";SET search_path"), std::string::npos) << "nothing stays";
}

TEST_F(Pooled, AFailingStatementCostsOnlyItself) {
  const auto open = pooled();
  server.answers["B"] = wire::error("22012", "division by zero");
  const auto results = run(*open, {"A", "B", "C"});
  EXPECT_EQ(only_value(results[0]), "1");
  EXPECT_EQ(only_value(results[1]), "error: division by zero");
  EXPECT_EQ(only_value(results[2]), "1");
  EXPECT_EQ(server.times("Query ROLLBACK"), 1U);
  EXPECT_EQ(server.times(begins), 2U) << "those after it run in a new transaction";
  EXPECT_EQ(server.heard().back(), "Query COMMIT");
  EXPECT_TRUE(open->is_open());
}

TEST_F(Pooled, AFailureAtTheEndLeavesNoTransactionOpen) {
  const auto open = pooled();
  server.answers["B"] = wire::error("22012", "division by zero");
  (void)run(*open, {"A", "B"});
  EXPECT_EQ(server.heard().back(), "Query ROLLBACK");
  EXPECT_EQ(only_value(run(*open, {"A"})[0]), "1");
}

TEST_F(Pooled, AStatementWithoutRowsIsAnErrorThatKeepsTheSession) {
  const auto open = pooled();
  server.answers["A"] = wire::no_data() + wire::command_complete("SET");
  const auto results = run(*open, {"A", "B"});
  EXPECT_EQ(only_value(results[0]), "error: the statement returns no rows");
  EXPECT_EQ(only_value(results[1]), "1");
}

TEST_F(Pooled, ATransactionThatIsRefusedEndsTheSession) {
  const auto open = pooled();
  server.answers[pinned_transaction(kOptions)] = wire::error("25006", "no transaction for you");
  const auto results = run(*open, {"A", "B"});
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().sqlstate, "25006");
  EXPECT_TRUE(results[0].error().ends_session);
  ASSERT_FALSE(results[1]);
  EXPECT_TRUE(results[1].error().ends_session);
  EXPECT_EQ(server.times("Execute"), 0U);
  EXPECT_FALSE(open->is_open());
}

TEST_F(Pooled, CopyEndsTheSessionAndSaysSo) {
  const auto open = pooled();
  server.answers["A"] = wire::copy_out_response();
  const auto results = run(*open, {"A", "B"});
  ASSERT_FALSE(results[0]);
  EXPECT_NE(results[0].error().message.find("COPY"), std::string::npos);
  EXPECT_FALSE(results[1]);
  EXPECT_FALSE(open->is_open());
}

TEST_F(Pooled, SilenceEndsAtTheDeadlineAndKeepsWhatWasAnswered) {
  const auto open = pooled();
  server.when_heard = [&](const std::string& heard) {
    server.mute = server.mute || heard == "Parse  B";
  };
  const auto pending = begin(*open, {"A", "B"});
  run_until_heard("Parse  B");
  pass(2999ms);
  EXPECT_FALSE(pending->ended);
  pass(1ms);
  const auto results = finish(pending);
  EXPECT_EQ(only_value(results[0]), "1");
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().reason, FailureReason::Timeout);
  EXPECT_FALSE(open->is_open());
}

TEST_F(Pooled, CloseInMidRunGivesUpWhatIsMissing) {
  for (const char* moment : {"Query BEGIN", "Parse  A", "Parse  B"}) {
    server.mute = false;
    server.when_heard = [](const std::string&) {};
    const auto open = pooled();
    server.when_heard = [&](const std::string& heard) {
      server.mute = server.mute || heard.starts_with(moment);
    };
    const auto pending = begin(*open, {"A", "B"});
    run_until([&] { return server.mute; });
    open->close();
    const auto results = finish(pending);
    EXPECT_TRUE(was_given_up(results[1])) << moment;
    EXPECT_FALSE(open->is_open());
  }
}

TEST_F(Pooled, CutAfterAnyByteKeepsWhatWasAnsweredAndTellsALoss) {
  const auto whole = pooled();
  const std::size_t from = server.sent();
  (void)run(*whole, {"A", "B"});
  const std::size_t commit = wire::command_complete("SET").size() + wire::ready_for_query().size();
  const std::size_t to = server.sent() - commit;
  for (std::size_t sent = from; sent < to; ++sent) {
    server.cut_after.reset();
    const auto open = pooled();
    server.cut_after = sent;
    const auto results = run(*open, {"A", "B"});
    ASSERT_EQ(results.size(), 2U);
    ASSERT_FALSE(results[1]) << "after " << sent;
    ASSERT_TRUE(results[1].error().ends_session) << "after " << sent;
    ASSERT_FALSE(was_given_up(results[1])) << "after " << sent;
    ASSERT_FALSE(open->is_open()) << "after " << sent;
  }
}

TEST_F(Pooled, ALostCommitCostsNoAnswer) {
  const auto open = pooled();
  server.when_heard = [&](const std::string& heard) {
    if (heard == "Query COMMIT") {
      server.reset();
    }
  };
  const auto results = run(*open, {"A", "B"});
  EXPECT_EQ(only_value(results[0]), "1");
  EXPECT_EQ(only_value(results[1]), "1");
}

}  // namespace
}  // namespace pgrepl::session
