#include "sampling/poll_state.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using namespace std::chrono_literals;
using testing::instant;

cluster::Failure refused() {
  return {pg::FailureReason::Refused, "connection refused"};
}

TEST(PollState, SaysNothingBeforeTheFirstAttemptEnds) {
  PollState state{1s};
  state.attempt_began(instant(0));
  EXPECT_FALSE(state.failure(instant(60)));
}

TEST(PollState, TicksFallOnMultiplesOfTheirLength) {
  PollState state{1s};
  state.attempt_began(instant(0.3));
  state.answered(instant(0.4));
  EXPECT_EQ(state.next_attempt(instant(0.4), cluster::Role::Standby), instant(1));
  EXPECT_EQ(state.next_attempt(instant(1.7), std::nullopt), instant(2));
}

TEST(PollState, PrimaryIsAskedBetweenTheStandbys) {
  PollState state{1s};
  state.attempt_began(instant(0.5));
  state.answered(instant(0.6));
  EXPECT_EQ(state.next_attempt(instant(0.6), cluster::Role::Primary), instant(1.5));
  EXPECT_EQ(state.next_attempt(instant(1.2), cluster::Role::Primary), instant(1.5));
}

TEST(PollState, FailureStaysUntilAnAnswer) {
  PollState state{1s};
  state.attempt_began(instant(0));
  state.failed(refused(), instant(0), 0);
  ASSERT_TRUE(state.failure(instant(10)));
  EXPECT_EQ(state.failure(instant(10))->reason, pg::FailureReason::Refused);
  state.attempt_began(instant(10));
  EXPECT_TRUE(state.failure(instant(10)));
  state.answered(instant(10.1));
  EXPECT_FALSE(state.failure(instant(10.1)));
}

TEST(PollState, RetriesWithinTwoTicks) {
  PollState state{1s};
  for (int i = 0; i < 20; ++i) {
    state.attempt_began(instant(i * 10));
    state.failed(refused(), instant(i * 10), 0.5);
    EXPECT_LE(state.next_attempt(instant(i * 10), std::nullopt), instant(i * 10 + 2));
    EXPECT_GT(state.next_attempt(instant(i * 10), std::nullopt), instant(i * 10));
  }
}

TEST(PollState, RefusedCredentialsAreTriedSeldom) {
  PollState state{1s};
  state.attempt_began(instant(0));
  state.failed({pg::FailureReason::Auth, "password authentication failed"}, instant(0), 0);
  EXPECT_EQ(state.next_attempt(instant(0), std::nullopt), instant(10));
}

TEST(PollState, AnswerOutForMoreThanATickIsAHang) {
  PollState state{1s};
  state.attempt_began(instant(0));
  state.answered(instant(0.1));
  state.attempt_began(instant(1));
  EXPECT_FALSE(state.failure(instant(1.9)));
  ASSERT_TRUE(state.failure(instant(2.1)));
  EXPECT_EQ(state.failure(instant(2.1))->reason, pg::FailureReason::Timeout);
}

TEST(PollState, AttemptThatWeGaveUpLeavesWhatItHasShown) {
  PollState state{1s};
  state.attempt_began(instant(0));
  state.answered(instant(0.1));
  state.attempt_began(instant(1));
  state.attempt_ended(instant(1.5));
  EXPECT_FALSE(state.failure(instant(9))) << "it was out for less than a tick";
  state.attempt_began(instant(10));
  state.attempt_ended(instant(12));
  state.attempt_began(instant(12.1));
  ASSERT_TRUE(state.failure(instant(12.2))) << "nothing has answered since";
  EXPECT_EQ(state.failure(instant(12.2))->reason, pg::FailureReason::Timeout);
  state.answered(instant(12.3));
  state.attempt_ended(instant(12.3));
  EXPECT_FALSE(state.failure(instant(12.4)));
}

TEST(PollState, EndOfAnAttemptThatFailedChangesNothing) {
  PollState state{1s};
  state.attempt_began(instant(0));
  state.failed(refused(), instant(0.1), 0);
  const auto next = state.next_attempt(instant(0.1), std::nullopt);
  state.attempt_ended(instant(0.1));
  ASSERT_TRUE(state.failure(instant(0.2)));
  EXPECT_EQ(state.failure(instant(0.2))->message, refused().message);
  EXPECT_EQ(state.next_attempt(instant(0.1), std::nullopt), next);
}

}  // namespace
}  // namespace pgrepl::sampling
