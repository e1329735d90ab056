#include "watch/rounds.h"

#include "watch/reload_gate.h"

#include <gtest/gtest.h>

namespace pgrepl::watch {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};
constexpr Instant kDeadline = kStart + 3s;

class RoundsTest : public ::testing::Test {
 protected:
  void begin() { rounds.begin(kStart, kDeadline, {&first, &second}); }

  void answer(const int& server) { (void)rounds.note_answer(rounds.number(), &server); }

  Rounds rounds;
  int first = 0;
  int second = 0;
};

TEST_F(RoundsTest, ReaderWaitsUntilEveryServerHasAnswered) {
  const Reader reader = rounds.join(kStart + 10s);
  begin();
  EXPECT_FALSE(rounds.note_answer(rounds.number(), &first));
  EXPECT_TRUE(rounds.due(kStart + 1s).readers.empty());
  EXPECT_TRUE(rounds.note_answer(rounds.number(), &second));
  EXPECT_LE(rounds.next(), kStart + 1s) << "at once";
  const auto due = rounds.due(kStart + 1s);
  EXPECT_TRUE(due.ended);
  EXPECT_EQ(due.readers, std::vector<Reader>{reader});
  EXPECT_FALSE(rounds.is_running());
}

TEST_F(RoundsTest, DeadlineEndsARoundWhateverAServerDoes) {
  const Reader reader = rounds.join(kStart + 10s);
  begin();
  answer(first);
  EXPECT_EQ(rounds.next(), kDeadline);
  EXPECT_TRUE(rounds.waits_for(&second));
  EXPECT_FALSE(rounds.due(kDeadline - 1ms).ended);
  const auto due = rounds.due(kDeadline);
  EXPECT_TRUE(due.ended);
  EXPECT_EQ(due.readers, std::vector<Reader>{reader});
}

TEST_F(RoundsTest, WhoComesMeanwhileWaitsForTheSameRound) {
  const Reader early = rounds.join(kStart + 10s);
  begin();
  answer(first);
  const Reader late = rounds.join(kStart + 10s);
  answer(second);
  EXPECT_EQ(rounds.due(kStart + 1s).readers, (std::vector<Reader>{early, late}));
}

TEST_F(RoundsTest, ImpatientReaderNeitherEndsNorShortensTheRoundOfOthers) {
  const Reader impatient = rounds.join(kStart + 500ms);
  begin();
  const Reader patient = rounds.join(kStart + 10s);
  EXPECT_EQ(rounds.next(), kStart + 500ms);
  const auto due = rounds.due(kStart + 500ms);
  EXPECT_FALSE(due.ended);
  EXPECT_EQ(due.readers, std::vector<Reader>{impatient});
  EXPECT_TRUE(rounds.is_running());
  EXPECT_EQ(rounds.next(), kDeadline);
  EXPECT_EQ(rounds.due(kDeadline).readers, std::vector<Reader>{patient});
}

TEST_F(RoundsTest, PatientReaderDoesNotLengthenARound) {
  (void)rounds.join(kStart + 1h);
  begin();
  EXPECT_EQ(rounds.next(), kDeadline);
}

TEST_F(RoundsTest, EachReaderIsAnsweredOnce) {
  (void)rounds.join(kStart + 500ms);
  begin();
  EXPECT_EQ(rounds.due(kStart + 1s).readers.size(), 1U);
  EXPECT_TRUE(rounds.due(kStart + 1s).readers.empty());
  EXPECT_TRUE(rounds.due(kDeadline).readers.empty());
}

TEST_F(RoundsTest, WhoHasLeftIsNotAnswered) {
  const Reader reader = rounds.join(kStart + 10s);
  begin();
  rounds.leave(reader);
  EXPECT_TRUE(rounds.due(kDeadline).readers.empty());
}

TEST_F(RoundsTest, AnswerThatIsLateForItsRoundSaysNothingAboutTheNext) {
  begin();
  const auto before = rounds.number();
  (void)rounds.due(kDeadline);
  rounds.begin(kDeadline, kDeadline + 3s, {&first});
  EXPECT_FALSE(rounds.note_answer(before, &first));
  EXPECT_TRUE(rounds.waits_for(&first));
}

TEST_F(RoundsTest, RoundOverNobodyWaitsForItsDeadline) {
  (void)rounds.join(kStart + 10s);
  rounds.begin(kStart, kDeadline, {});
  EXPECT_EQ(rounds.next(), kDeadline);
  EXPECT_FALSE(rounds.due(kStart).ended);
  EXPECT_TRUE(rounds.due(kDeadline).ended);
}

TEST_F(RoundsTest, RoundThatIsGivenUpReleasesAllWhoWait) {
  const Reader reader = rounds.join(kStart + 10s);
  begin();
  EXPECT_EQ(rounds.give_up(), std::vector<Reader>{reader});
  EXPECT_FALSE(rounds.is_running());
  EXPECT_FALSE(rounds.waits_for(&first));
}

TEST(ReloadGate, ThousandRequestsAtOnceCostTwoReads) {
  ReloadGate gate;
  int reads = 0;
  for (int i = 0; i < 1000; ++i) {
    reads += gate.request() ? 1 : 0;
  }
  EXPECT_EQ(reads, 1);
  EXPECT_TRUE(gate.read_ended()) << "those that came meanwhile share one more";
  EXPECT_FALSE(gate.read_ended());
  EXPECT_FALSE(gate.is_reading());
  EXPECT_TRUE(gate.request()) << "and a later one is served anew";
}

TEST(ReloadGate, OneRequestIsOneRead) {
  ReloadGate gate;
  EXPECT_TRUE(gate.request());
  EXPECT_FALSE(gate.read_ended());
}

}  // namespace
}  // namespace pgrepl::watch
