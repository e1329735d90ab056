#include "sampling/round_gate.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using namespace std::chrono_literals;
using testing::instant;

TEST(RoundGate, TheFirstCallerBeginsTheRoundAndTheSecondJoinsIt) {
  RoundGate gate;
  const auto first = gate.join(instant(0), instant(3), 3s);
  const auto second = gate.join(instant(1), instant(4), 3s);
  EXPECT_TRUE(first.begins);
  EXPECT_FALSE(second.begins);
  EXPECT_EQ(first.round, second.round);
  gate.round_ended();
  EXPECT_FALSE(gate.runs(first));
  EXPECT_FALSE(gate.runs(second));
}

TEST(RoundGate, WhoWaitedForOneRoundDoesNotWaitForTheNext) {
  RoundGate gate;
  const auto first = gate.join(instant(0), instant(3), 3s);
  gate.round_ended();
  const auto second = gate.join(instant(1), instant(4), 3s);
  EXPECT_TRUE(second.begins);
  EXPECT_FALSE(gate.runs(first));
  EXPECT_TRUE(gate.runs(second));
}

TEST(RoundGate, ACallerInAHurryShortensTheRoundForNobody) {
  RoundGate gate;
  (void)gate.join(instant(0), instant(0.2), 3s);
  EXPECT_EQ(gate.deadline(), instant(3));
}

TEST(RoundGate, ACallerWithPatienceMayHaveMoreThanTheUsualTime) {
  RoundGate gate;
  (void)gate.join(instant(0), instant(30), 3s);
  EXPECT_EQ(gate.deadline(), instant(30));
}

TEST(RoundGate, IsOverdueFromItsOwnDeadlineUntilItEnds) {
  RoundGate gate;
  EXPECT_FALSE(gate.overdue_since(instant(9)));
  (void)gate.join(instant(0), instant(3), 3s);
  EXPECT_FALSE(gate.overdue_since(instant(2.9)));
  EXPECT_EQ(gate.overdue_since(instant(4)), instant(3));
  gate.round_ended();
  EXPECT_FALSE(gate.overdue_since(instant(4)));
}

TEST(RoundGate, WhoLeavesEarlyMakesItOverdueForNobody) {
  RoundGate gate;
  (void)gate.join(instant(0), instant(0.2), 3s);
  (void)gate.join(instant(0.5), instant(1), 3s);
  EXPECT_FALSE(gate.overdue_since(instant(2)));
}

TEST(RoundGate, RoundsAndWalksKeepItBusy) {
  RoundGate gate;
  EXPECT_TRUE(gate.is_idle());
  gate.walk_began();
  EXPECT_FALSE(gate.is_idle());
  EXPECT_TRUE(gate.is_walking());
  (void)gate.join(instant(0), instant(3), 3s);
  gate.walk_ended();
  EXPECT_FALSE(gate.is_idle());
  gate.round_ended();
  EXPECT_TRUE(gate.is_idle());
}

}  // namespace
}  // namespace pgrepl::sampling
