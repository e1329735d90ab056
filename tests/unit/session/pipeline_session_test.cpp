// What a batch of statements brings, whatever the peer does in its course.
#include "session/pipeline_session.h"

#include "wire_scene.h"

namespace pgrepl::session {
namespace {

using pg::FailureReason;

class Pipeline : public WireScene {
 protected:
  // Heard in the last batch: all since the last call.
  std::vector<std::string> news() {
    std::vector<std::string> since(
        server.heard().begin() + static_cast<std::ptrdiff_t>(seen_), server.heard().end()
    );
    seen_ = server.heard().size();
    return since;
  }

 private:
  std::size_t seen_ = 0;
};

TEST_F(Pipeline, GivesOneResultForEachStatementInTheirOrder) {
  server.answers = {{"A", wire::one("a")}, {"B", wire::one("b")}, {"C", wire::one("c")}};
  const auto open = connected();
  const auto results = run(*open, {"B", "A", "C", "A"});
  ASSERT_EQ(results.size(), 4U);
  EXPECT_EQ(only_value(results[0]), "b");
  EXPECT_EQ(only_value(results[1]), "a");
  EXPECT_EQ(only_value(results[2]), "c");
  EXPECT_EQ(only_value(results[3]), "a");
  EXPECT_EQ(open->durations().size(), 4U);
}

TEST_F(Pipeline, OfNoStatementsIsNothing) {
  const auto open = connected();
  EXPECT_TRUE(run(*open, {}).empty());
  EXPECT_TRUE(open->is_open());
  EXPECT_EQ(only_value(run(*open, {"SELECT 1"})[0]), "1");
}

TEST_F(Pipeline, KeepsNullEmptyTextAndEveryByteApart) {
  const std::string bytes{"a\tb\n\xC3\xA9 '\"\\", 10};
  server.answers["A"] = wire::rows({"x", "y", "x"}, {{std::nullopt, "", bytes}, {"1", "2", "3"}});
  const auto open = connected();
  const auto results = run(*open, {"A"});
  ASSERT_TRUE(results[0]);
  const pg::ResultSet& rows = *results[0];
  ASSERT_EQ(rows.rows(), 2U);
  EXPECT_EQ(rows.at(0, std::size_t{0}), std::nullopt);
  EXPECT_EQ(rows.at(0, std::size_t{1}), "");
  EXPECT_EQ(rows.at(0, std::size_t{2}), bytes);
  EXPECT_EQ(rows.at(1, std::size_t{2}), "3");
}

TEST_F(Pipeline, PreparesEachStatementOnceAndSyncsAfterEach) {
  const auto open = connected();
  (void)news();
  (void)run(*open, {"A", "B"});
  const std::vector<std::string> first{
      "Parse pgrepl_1 A",
      "Bind pgrepl_1",
      "Execute",
      "Sync",
      "Parse pgrepl_2 B",
      "Bind pgrepl_2",
      "Execute",
      "Sync"};
  EXPECT_EQ(news(), first);
  (void)run(*open, {"B", "A"});
  const std::vector<std::string> again{
      "Bind pgrepl_2", "Execute", "Sync", "Bind pgrepl_1", "Execute", "Sync"};
  EXPECT_EQ(news(), again);
}

TEST_F(Pipeline, ANewConnectionPreparesAnew) {
  const auto open = connected();
  (void)run(*open, {"A"});
  ASSERT_TRUE(finish(open->connect()));
  EXPECT_EQ(only_value(run(*open, {"A"})[0]), "1");
  EXPECT_EQ(server.times("Parse"), 2U);
}

TEST_F(Pipeline, AFailingStatementCostsOnlyItself) {
  server.answers["B"] = wire::error("22012", "division by zero");
  const auto open = connected();
  const auto results = run(*open, {"A", "B", "C"});
  EXPECT_EQ(only_value(results[0]), "1");
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().sqlstate, "22012");
  EXPECT_EQ(results[1].error().message, "division by zero");
  EXPECT_FALSE(results[1].error().ends_session);
  EXPECT_EQ(only_value(results[2]), "1");
  EXPECT_TRUE(open->is_open());
  (void)news();
  (void)run(*open, {"B"});
  EXPECT_EQ(news().front(), "Bind pgrepl_2") << "what failed when it ran is prepared still";
}

TEST_F(Pipeline, AnErrorAfterSomeRowsIsTheResult) {
  server.answers["A"] = wire::row_description({"n"}) + wire::data_row({"1"}) +
                        wire::error("57014", "canceling statement due to statement timeout");
  const auto open = connected();
  const auto results = run(*open, {"A", "B"});
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().reason, FailureReason::Timeout);
  EXPECT_EQ(only_value(results[1]), "1");
  EXPECT_TRUE(open->is_open());
}

TEST_F(Pipeline, WhatCannotBePreparedIsPreparedAgainTheNextTime) {
  server.parse_errors["A"] = wire::error("42P01", "relation \"a\" does not exist");
  const auto open = connected();
  const auto results = run(*open, {"A", "B"});
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().sqlstate, "42P01");
  EXPECT_EQ(only_value(results[1]), "1");
  server.parse_errors.clear();
  EXPECT_EQ(only_value(run(*open, {"A"})[0]), "1");
  EXPECT_EQ(server.times("Parse pgrepl_3 A"), 1U) << "under a name of its own";
}

TEST_F(Pipeline, WhatTheServerLostIsPreparedAgain) {
  const auto open = connected();
  (void)run(*open, {"A"});
  server.answers["A"] = wire::error("26000", "prepared statement \"pgrepl_1\" does not exist");
  EXPECT_FALSE(run(*open, {"A"})[0]);
  server.answers.clear();
  EXPECT_EQ(only_value(run(*open, {"A"})[0]), "1");
  EXPECT_EQ(server.times("Parse"), 2U);
  EXPECT_EQ(server.times("Parse  DEALLOCATE"), 0U) << "there is nothing to give back";
}

TEST_F(Pipeline, WhatReturnsOtherColumnsNowIsGivenBackAndPreparedAgain) {
  const auto open = connected();
  (void)run(*open, {"A"});
  server.answers["A"] = wire::error("0A000", "cached plan must not change result type");
  EXPECT_FALSE(run(*open, {"A"})[0]);
  server.answers.clear();
  const auto results = run(*open, {"A", "B"});
  EXPECT_EQ(only_value(results[0]), "1");
  EXPECT_EQ(only_value(results[1]), "1");
  EXPECT_EQ(server.times("Parse  DEALLOCATE pgrepl_1"), 1U);
  EXPECT_EQ(server.times("Parse pgrepl_2 A"), 1U);
  (void)news();
  (void)run(*open, {"A"});
  EXPECT_EQ(news().front(), "Bind pgrepl_2");
}

TEST_F(Pipeline, GivesAllBackWhenTooManyArePrepared) {
  const auto open = connected();
  for (std::size_t i = 0; i < PipelineSession::kMostPrepared; i += 100) {
    std::vector<pg::Statement> batch;
    for (std::size_t k = i; k < i + 101; ++k) {
      batch.emplace_back("S" + std::to_string(k));
    }
    for (const QueryResult& result : run(*open, batch)) {
      ASSERT_TRUE(result) << result.error().message;
    }
  }
  EXPECT_EQ(server.times("Parse  DEALLOCATE ALL"), 0U) << "not before";
  const auto results = run(*open, {"S1", "S2"});
  EXPECT_EQ(server.times("Parse  DEALLOCATE ALL"), 1U);
  EXPECT_EQ(only_value(results[0]), "1");
  EXPECT_EQ(only_value(results[1]), "1");
  (void)run(*open, {"S1"});
  EXPECT_EQ(server.times("Parse  DEALLOCATE ALL"), 1U);
}

TEST_F(Pipeline, GivingBackMayFailAndCostsNoStatement) {
  server.answers["DEALLOCATE ALL"] = wire::error("57014", "canceling statement");
  const auto open = connected();
  std::vector<pg::Statement> many;
  for (std::size_t k = 0; k <= PipelineSession::kMostPrepared; ++k) {
    many.emplace_back("S" + std::to_string(k));
  }
  (void)run(*open, many);
  const auto results = run(*open, {"A", "B"});
  EXPECT_EQ(server.times("Parse  DEALLOCATE ALL"), 1U);
  EXPECT_EQ(only_value(results[0]), "1");
  EXPECT_EQ(only_value(results[1]), "1");
}

TEST_F(Pipeline, AStatementWithoutRowsIsAnErrorThatKeepsTheSession) {
  server.answers["A"] = wire::no_data() + wire::command_complete("SET");
  server.answers["B"] = wire::no_data() + wire::empty_query_response();
  const auto open = connected();
  const auto results = run(*open, {"A", "B", "C"});
  EXPECT_EQ(only_value(results[0]), "error: the statement returns no rows");
  EXPECT_EQ(only_value(results[1]), "error: the statement returns no rows");
  EXPECT_EQ(only_value(results[2]), "1");
  EXPECT_TRUE(open->is_open());
}

TEST_F(Pipeline, CopyEndsTheSessionAndSaysSo) {
  for (const std::string& copy : {wire::copy_out_response(), wire::copy_in_response()}) {
    server.answers["B"] = copy;
    const auto open = connected();
    const auto results = run(*open, {"A", "B", "C"});
    EXPECT_EQ(only_value(results[0]), "1");
    for (const std::size_t i : {1U, 2U}) {
      ASSERT_FALSE(results[i]);
      EXPECT_NE(results[i].error().message.find("COPY"), std::string::npos);
      EXPECT_TRUE(results[i].error().ends_session);
      EXPECT_FALSE(results[i].error().given_up);
    }
    EXPECT_FALSE(open->is_open());
  }
}

TEST_F(Pipeline, NoticesAndParametersBetweenAnswersChangeNothing) {
  server.answers["A"] = wire::report('N', "WARNING", "01000", "something") +
                        wire::parameter_status("in_hot_standby", "off") + wire::one("a");
  const auto open = connected();
  server.send(wire::report('N', "NOTICE", "00000", "before it was asked"));
  const auto results = run(*open, {"A", "B"});
  EXPECT_EQ(only_value(results[0]), "a");
  EXPECT_EQ(only_value(results[1]), "1");
}

TEST_F(Pipeline, EachByteMayComeAlone) {
  server.answers["B"] = wire::error("22012", "division by zero");
  const auto open = connected();
  server.byte_by_byte = true;
  const auto results = run(*open, {"A", "B", "C"});
  EXPECT_EQ(only_value(results[0]), "1");
  EXPECT_EQ(only_value(results[1]), "error: division by zero");
  EXPECT_EQ(only_value(results[2]), "1");
}

TEST_F(Pipeline, LargeAnswersAndLongBatchesPass) {
  const std::string large(1 << 20, 'x');
  server.answers["A"] = wire::one(large);
  const auto open = connected();
  std::vector<pg::Statement> batch(8, "A");
  const std::string long_text = "SELECT '" + std::string(200000, 'y') + "'";
  for (int i = 0; i < 10; ++i) {
    batch.emplace_back(long_text + std::to_string(i));
  }
  const auto results = run(*open, batch);
  ASSERT_EQ(results.size(), 18U);
  for (std::size_t i = 0; i < results.size(); ++i) {
    ASSERT_TRUE(results[i]) << results[i].error().message;
    EXPECT_EQ(results[i]->at(0, std::size_t{0})->size(), i < 8 ? large.size() : 1U);
  }
}

}  // namespace
}  // namespace pgrepl::session
