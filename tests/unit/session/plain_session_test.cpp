// The simple protocol, whatever the peer answers.
#include "session/plain_session.h"

#include "session/ask_once.h"
#include "session/libpq_network.h"
#include "wire_scene.h"

namespace pgrepl::session {
namespace {

using pg::FailureReason;
using Answer = SimpleSession::Answer;

class Plain : public WireScene {
 protected:
  std::unique_ptr<PlainSession> opened() {
    auto made = std::make_unique<PlainSession>(loop, resolver);
    const auto problem = finish(made->open(conninfo(), loop.now() + 5s));
    EXPECT_FALSE(problem) << (problem ? problem->message : "");
    return made;
  }

  Answer ask(PlainSession& with, const std::string& sql) {
    return finish(with.ask(sql, loop.now() + 3s));
  }

  // The message of an answer that has to be an error.
  std::string error(const Answer& answer) {
    EXPECT_FALSE(answer);
    return answer ? "" : answer.error().message;
  }
};

TEST_F(Plain, SetsAndPreparesNothing) {
  const auto open = opened();
  server.answers["SHOW POOLS"] = wire::rows({"database", "cl_active"}, {{"app", "3"}, {"b", "0"}});
  const Answer answer = ask(*open, "SHOW POOLS");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->rows(), 2U);
  EXPECT_EQ(answer->at(0, std::size_t{1}), "3");
  const std::vector<std::string> heard{"startup", "Query SHOW POOLS"};
  EXPECT_EQ(server.heard(), heard);
  EXPECT_TRUE(open->is_open());
}

TEST_F(Plain, ARefusedStatementLeavesTheSessionOpen) {
  const auto open = opened();
  server.answers["BAD"] = wire::error("42601", "syntax error");
  const Answer answer = ask(*open, "BAD");
  EXPECT_EQ(error(answer), "syntax error");
  EXPECT_EQ(answer.error().sqlstate, "42601");
  EXPECT_TRUE(open->is_open());
  server.answers["GOOD"] = wire::one("1");
  EXPECT_TRUE(ask(*open, "GOOD"));
}

TEST_F(Plain, OfSeveralResultsTheLastCounts) {
  const auto open = opened();
  server.answers["BOTH"] = wire::one("first") + wire::one("second");
  const Answer answer = ask(*open, "BOTH");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at(0, std::size_t{0}), "second");
}

TEST_F(Plain, AStatementWithoutRowsHasNoColumns) {
  const auto open = opened();
  server.answers["NOTHING"] = wire::empty_query_response();
  for (const char* sql : {"SET x = 1", "NOTHING"}) {
    const Answer answer = ask(*open, sql);
    ASSERT_TRUE(answer) << sql;
    EXPECT_EQ(answer->rows(), 0U);
    EXPECT_TRUE(answer->columns().empty()) << sql;
  }
}

TEST_F(Plain, AnErrorAfterRowsIsTheAnswer) {
  const auto open = opened();
  server.answers["A"] = wire::row_description({"n"}) + wire::data_row({"1"}) +
                        wire::error("57014", "canceling statement due to user request");
  EXPECT_EQ(error(ask(*open, "A")), "canceling statement due to user request");
  EXPECT_TRUE(open->is_open());
}

TEST_F(Plain, CopyClosesAndSaysSo) {
  for (const std::string& copy : {wire::copy_out_response(), wire::copy_in_response()}) {
    const auto open = opened();
    server.answers["COPY"] = copy;
    EXPECT_NE(error(ask(*open, "COPY")).find("COPY"), std::string::npos);
    EXPECT_FALSE(open->is_open());
  }
}

TEST_F(Plain, SilenceClosesAtTheDeadline) {
  const auto open = opened();
  server.mute = true;
  const auto pending = start(open->ask("A", loop.now() + 3s));
  run_until_heard("Query A");
  pass(2999ms);
  EXPECT_FALSE(pending->ended);
  pass(1ms);
  const Answer answer = finish(pending);
  EXPECT_EQ(error(answer), "no answer in time");
  EXPECT_EQ(answer.error().reason, FailureReason::Timeout);
  EXPECT_FALSE(open->is_open()) << "a late answer would be taken for that of the next statement";
}

TEST_F(Plain, AnAnswerThatBeganButDoesNotEndIsLateToo) {
  const auto open = opened();
  server.when_heard = [&](const std::string& heard) {
    if (heard == "Query A") {
      server.send(wire::row_description({"n"}) + wire::data_row({"1"}));
      server.mute = true;
    }
  };
  const auto pending = start(open->ask("A", loop.now() + 3s));
  run_until_heard("Query A");
  pass(3s);
  EXPECT_EQ(finish(pending).error().reason, FailureReason::Timeout);
  EXPECT_FALSE(open->is_open());
}

TEST_F(Plain, AnEndInMidAnswerIsToldInOneLine) {
  const auto whole = opened();
  const std::size_t from = server.sent();
  server.answers["A"] = wire::one("1");
  (void)ask(*whole, "A");
  const std::size_t to = server.sent();
  for (std::size_t sent = from; sent < to; ++sent) {
    server.cut_after.reset();
    const auto open = opened();
    server.cut_after = sent;
    const std::string message = error(ask(*open, "A"));
    ASSERT_FALSE(message.empty()) << "after " << sent;
    ASSERT_EQ(message.find('\n'), std::string::npos);
    ASSERT_FALSE(open->is_open()) << "after " << sent;
  }
}

TEST_F(Plain, TheServersLastWordIsTheAnswer) {
  const auto open = opened();
  server.when_heard = [&](const std::string& heard) {
    if (heard == "Query A") {
      server.send(wire::fatal("57P01", "terminating connection"));
      server.hang_up();
    }
  };
  const Answer answer = ask(*open, "A");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("terminating connection"), std::string::npos)
      << answer.error().message;
  EXPECT_FALSE(open->is_open());
}

TEST_F(Plain, ClosedInMidAnswerIsGivenUp) {
  const auto open = opened();
  server.mute = true;
  const auto pending = start(open->ask("A", loop.now() + 3s));
  run_until_heard("Query A");
  open->close();
  const Answer answer = finish(pending);
  EXPECT_EQ(error(answer), "the connection was closed before the answer");
  EXPECT_TRUE(answer.error().given_up);
}

TEST_F(Plain, ASessionThatIsNotOpenIsNotConnected) {
  PlainSession made{loop, resolver};
  EXPECT_EQ(error(ask(made, "A")), "not connected");
  EXPECT_FALSE(made.is_open());
}

TEST_F(Plain, ItIsOpenedAgainAfterALoss) {
  const auto open = opened();
  server.reset();
  (void)ask(*open, "A");
  ASSERT_FALSE(open->is_open());
  EXPECT_FALSE(finish(open->open(conninfo(), loop.now() + 5s)));
  server.answers["A"] = wire::one("1");
  EXPECT_TRUE(ask(*open, "A"));
}

TEST_F(Plain, OpeningEndsAtItsDeadline) {
  server.mute = true;
  PlainSession made{loop, resolver};
  const auto pending = start(made.open(conninfo(), loop.now() + 2s));
  run_until_heard("startup");
  pass(2s);
  const auto problem = finish(pending);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->reason, FailureReason::Timeout);
  EXPECT_FALSE(made.is_open());
}

class AskOnce : public WireScene {
 protected:
  LibpqNetwork network{loop};
};

TEST_F(AskOnce, AnswersAndClosesItsConnection) {
  server.answers["A"] = wire::one("7");
  const Answer answer = finish(ask_once(network, conninfo(), "A", loop.now() + 3s));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at(0, std::size_t{0}), "7");
  run_until_heard("Terminate");
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(AskOnce, ARefusedLoginIsTheAnswer) {
  server.login = wire::fatal("53300", "sorry, too many clients already");
  const Answer answer = finish(ask_once(network, conninfo(), "A", loop.now() + 3s));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, FailureReason::TooManyConnections);
  EXPECT_EQ(server.times("Query"), 0U);
}

TEST_F(AskOnce, ARefusedStatementIsTheAnswerAndClosesToo) {
  server.answers["A"] = wire::error("42501", "permission denied");
  const Answer answer = finish(ask_once(network, conninfo(), "A", loop.now() + 3s));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().sqlstate, "42501");
  run_until_heard("Terminate");
}

TEST_F(AskOnce, LoginAndAnswerShareOneDeadline) {
  server.mute = true;
  const auto pending = start(ask_once(network, conninfo(), "A", loop.now() + 3s));
  run_until_heard("startup");
  pass(2s);
  server.speak();
  server.when_heard = [&](const std::string&) { server.mute = true; };
  run_until_heard("Query A");
  pass(999ms);
  EXPECT_FALSE(pending->ended);
  pass(1ms);
  const Answer answer = finish(pending);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, FailureReason::Timeout);
}

TEST_F(AskOnce, TheNetworkMakesBothKindsAndConnectsNeitherByItself) {
  const auto pipelined = network.make_session(conninfo(), kOptions);
  const auto simple = network.make_simple_session();
  EXPECT_FALSE(pipelined->is_open());
  EXPECT_FALSE(simple->is_open());
  pass(1s);
  EXPECT_EQ(server.connections(), 0U);
  const Addresses itself = finish(network.resolve("127.0.0.1", loop.now() + 1s));
  ASSERT_TRUE(itself);
  EXPECT_EQ(*itself, std::vector<std::string>{"127.0.0.1"});
}

}  // namespace
}  // namespace pgrepl::session
