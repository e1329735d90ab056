// How a batch of statements ends when its connection does: cut, lost, silent, or closed by us.
#include "session/pipeline_session.h"
#include "wire_scene.h"

namespace pgrepl::session {
namespace {

using pg::FailureReason;

class PipelineEnds : public WireScene {};

// The whole answer to a batch, cut after each of its bytes.
TEST_F(PipelineEnds, CutAfterAnyByteKeepsWhatWasAnsweredAndTellsALoss) {
  const auto whole = connected();
  const std::size_t from = server.sent();
  (void)run(*whole, {"A", "B"});
  const std::size_t to = server.sent();
  ASSERT_GT(to, from + 50);
  bool first_kept = false;
  for (std::size_t sent = from; sent < to; ++sent) {
    server.cut_after.reset();
    const auto open = connected();
    server.cut_after = sent;
    const auto results = run(*open, {"A", "B"});
    ASSERT_EQ(results.size(), 2U);
    ASSERT_FALSE(results[0] && results[1] && open->is_open()) << "after " << sent;
    for (const QueryResult& result : results) {
      ASSERT_TRUE(result || lost_connection(result)) << "after " << sent;
    }
    ASSERT_FALSE(results[1]) << "its end is missing after " << sent;
    first_kept = first_kept || results[0];
    ASSERT_FALSE(open->is_open()) << "after " << sent;
  }
  EXPECT_TRUE(first_kept);
}

TEST_F(PipelineEnds, TheServersLastWordIsTheReasonOfAllThatIsMissing) {
  server.when_heard = [&](const std::string& heard) {
    if (heard == "Bind pgrepl_2") {
      server.send(wire::fatal("57P01", "terminating connection due to administrator command"));
      server.hang_up();
    }
  };
  const auto open = connected();
  const auto results = run(*open, {"A", "B", "C"});
  EXPECT_EQ(only_value(results[0]), "1");
  for (const std::size_t i : {1U, 2U}) {
    ASSERT_FALSE(results[i]);
    EXPECT_EQ(results[i].error().sqlstate, "57P01") << i;
    EXPECT_EQ(results[i].error().message, "terminating connection due to administrator command");
    EXPECT_TRUE(lost_connection(results[i]));
  }
  EXPECT_FALSE(open->is_open());
}

TEST_F(PipelineEnds, AConnectionThatEndedBetweenTwoBatchesIsALoss) {
  for (const bool by_reset : {false, true}) {
    const auto open = connected();
    (void)run(*open, {"A"});
    if (by_reset) {
      server.reset();
    } else {
      server.send(wire::fatal("57P01", "terminating connection due to administrator command"));
      server.hang_up();
      pass(0ms);
    }
    const auto results = run(*open, {"A", "B"});
    ASSERT_EQ(results.size(), 2U);
    EXPECT_TRUE(lost_connection(results[0])) << by_reset;
    EXPECT_TRUE(lost_connection(results[1])) << by_reset;
    EXPECT_FALSE(results[0].error().message.empty());
    EXPECT_FALSE(open->is_open());
  }
}

TEST_F(PipelineEnds, AResetInMidBatchIsALoss) {
  server.when_heard = [&](const std::string& heard) {
    if (heard == "Sync") {
      server.reset();
    }
  };
  const auto open = connected();
  const auto results = run(*open, {"A", "B"});
  EXPECT_TRUE(lost_connection(results[0]));
  EXPECT_TRUE(lost_connection(results[1]));
  EXPECT_EQ(results[0].error().message.find('\n'), std::string::npos);
  EXPECT_FALSE(results[0].error().message.empty());
}

TEST_F(PipelineEnds, BytesThatAreNoMessageEndTheSession) {
  server.answers["A"] = std::string{"\x01\xFF\xFF\xFF\xFFgarbage", 12};
  const auto open = connected();
  const auto pending = begin(*open, {"A"});
  run_until_heard("Execute");
  run_until([&] { return pending->ended || server.times("Sync") == 1; });
  pass(3s);
  const auto results = finish(pending);
  ASSERT_FALSE(results[0]);
  EXPECT_TRUE(results[0].error().ends_session);
  EXPECT_FALSE(open->is_open());
}

TEST_F(PipelineEnds, SilenceEndsAtTheDeadlineAndKeepsWhatWasAnswered) {
  server.when_heard = [&](const std::string& heard) {
    server.mute = server.mute || heard == "Bind pgrepl_2";
  };
  const auto open = connected();
  const auto pending = begin(*open, {"A", "B", "C"});
  run_until([&] { return server.times("Sync") == 3 && open->durations().size() == 1; });
  pass(2999ms);
  EXPECT_FALSE(pending->ended);
  pass(1ms);
  const auto results = finish(pending);
  EXPECT_EQ(only_value(results[0]), "1");
  for (const std::size_t i : {1U, 2U}) {
    ASSERT_FALSE(results[i]);
    EXPECT_EQ(results[i].error().reason, FailureReason::Timeout);
    EXPECT_EQ(results[i].error().message, "no answer in time");
    EXPECT_TRUE(results[i].error().ends_session);
    EXPECT_FALSE(results[i].error().given_up);
    EXPECT_FALSE(lost_connection(results[i])) << "silence says something against the server";
  }
  EXPECT_EQ(open->durations().size(), 1U);
  EXPECT_FALSE(open->is_open()) << "a late answer must not be taken for that of the next batch";
}

TEST_F(PipelineEnds, DurationsAreFromAnswerToAnswer) {
  server.when_heard = [&](const std::string& heard) {
    server.mute = server.mute || heard == "Bind pgrepl_2";
  };
  const auto open = connected();
  const auto pending = begin(*open, {"A", "B"});
  run_until([&] { return server.times("Sync") == 2 && open->durations().size() == 1; });
  pass(700ms);
  server.speak();
  (void)finish(pending);
  ASSERT_EQ(open->durations().size(), 2U);
  EXPECT_EQ(open->durations()[0], 0s);
  EXPECT_EQ(open->durations()[1], 700ms);
}

TEST_F(PipelineEnds, ADeadlineThatHasPassedGivesTimeoutsAndCloses) {
  const auto open = connected();
  server.mute = true;
  const auto pending = start(open->run({"A"}, loop.now()));
  pass(0ms);
  const auto results = finish(pending);
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().reason, FailureReason::Timeout);
  EXPECT_FALSE(open->is_open());
}

TEST_F(PipelineEnds, CloseInMidRunGivesUpWhatIsMissing) {
  server.when_heard = [&](const std::string& heard) {
    server.mute = server.mute || heard == "Bind pgrepl_2";
  };
  const auto open = connected();
  const auto pending = begin(*open, {"A", "B"});
  run_until([&] { return server.times("Sync") == 2 && open->durations().size() == 1; });
  open->close();
  const auto results = finish(pending);
  EXPECT_EQ(only_value(results[0]), "1");
  EXPECT_TRUE(was_given_up(results[1]));
  EXPECT_FALSE(lost_connection(results[1]));
  EXPECT_TRUE(results[1].error().ends_session);
}

TEST_F(PipelineEnds, CloseBeforeTheRunGivesUpAllOfIt) {
  const auto open = connected();
  open->close();
  const auto results = run(*open, {"A", "B"});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_TRUE(was_given_up(results[0]));
  EXPECT_TRUE(was_given_up(results[1]));
  EXPECT_EQ(results[0].error().message, "given up: the session was closed");
  ASSERT_TRUE(finish(open->connect()));
  EXPECT_EQ(only_value(run(*open, {"A"})[0]), "1") << "a new login forgets it";
}

TEST_F(PipelineEnds, CloseAsTheAnswerArrivesKeepsIt) {
  const auto open = connected();
  server.mute = true;
  const auto pending = begin(*open, {"A", "B"});
  run_until([&] { return server.times("Sync") == 2; });
  server.speak();
  run_until([&] { return open->durations().size() == 2 || pending->ended; });
  open->close();
  const auto results = finish(pending);
  EXPECT_EQ(only_value(results[0]), "1");
  EXPECT_EQ(only_value(results[1]), "1");
}

TEST_F(PipelineEnds, ASessionThatNeverWasOpenIsNotConnected) {
  const auto made = session();
  const auto results = run(*made, {"A", "B"});
  ASSERT_EQ(results.size(), 2U);
  for (const QueryResult& result : results) {
    EXPECT_EQ(only_value(result), "error: not connected");
    EXPECT_FALSE(was_given_up(result));
    EXPECT_TRUE(lost_connection(result));
  }
}

TEST_F(PipelineEnds, AfterALossItIsNotConnectedAndNotGivenUp) {
  const auto open = connected();
  server.cut_after = server.sent();
  EXPECT_TRUE(lost_connection(run(*open, {"A"})[0]));
  const auto results = run(*open, {"A"});
  EXPECT_EQ(only_value(results[0]), "error: not connected");
  EXPECT_FALSE(was_given_up(results[0]));
}

TEST_F(PipelineEnds, AfterARefusedLoginItIsNotConnected) {
  server.login = wire::fatal("28P01", "no");
  const auto made = session();
  made->close();
  (void)refusal(*made);
  EXPECT_FALSE(was_given_up(run(*made, {"A"})[0])) << "close() came before the login";
}

TEST_F(PipelineEnds, AnErrorThatEndsTheSessionClosesItEvenIfThePeerGoesOn) {
  server.answers["A"] = wire::error("57P01", "terminating connection");
  const auto open = connected();
  const auto results = run(*open, {"A", "B"});
  ASSERT_FALSE(results[0]);
  EXPECT_TRUE(results[0].error().ends_session);
  EXPECT_FALSE(open->is_open());
  run_until_heard("Terminate");
}

TEST_F(PipelineEnds, AnAnswerThatIsTooLargeCostsItsStatementAndGivesUpTheRest) {
  PipelineSession made{loop, resolver, conninfo(), kOptions, {.answer_bytes = 100000}};
  ASSERT_TRUE(finish(made.connect()));
  server.answers["B"] = wire::one(std::string(1000000, 'x'));
  const auto results = run(made, {"B", "C"});
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().reason, FailureReason::TooLarge);
  EXPECT_FALSE(results[0].error().given_up);
  EXPECT_TRUE(was_given_up(results[1])) << "of what comes after it nothing is known";
  EXPECT_FALSE(made.is_open());
  EXPECT_TRUE(was_given_up(run(made, {"A"})[0])) << "it was our own side that closed";
}

TEST_F(PipelineEnds, ClosingTwiceIsClosingOnce) {
  const auto open = connected();
  open->close();
  open->close();
  run_until_heard("Terminate");
  EXPECT_EQ(server.times("Terminate"), 1U);
}

TEST_F(PipelineEnds, DestroyingASessionSaysGoodbye) {
  auto open = connected();
  open.reset();
  run_until_heard("Terminate");
  run_until_heard("end");
}

}  // namespace
}  // namespace pgrepl::session
