#include "simulation/world.h"

#include "simulation/simulated_clock.h"

#include <gtest/gtest.h>

namespace pgrepl::simulation {
namespace {

// A primary that writes, a standby of it and one of that.
class WorldTest : public ::testing::Test {
 protected:
  WorldTest() {
    world_.step(now_);
    add("pg-1", std::nullopt);
    add("pg-2", 0);
    add("pg-3", 1);
    run(20);
  }

  void add(const std::string& name, std::optional<NodeId> upstream) {
    Node node{.name = name, .address = "10.0.0." + name.substr(3)};
    node.primary = !upstream;
    node.upstream = upstream;
    node.write_rate = 1'000'000;
    world_.add(node);
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      now_ += kStep;
      world_.step(now_);
    }
  }

  Instant now_ = kBegin;
  World world_{7, 1};
};

TEST_F(WorldTest, WalPassesThroughACascade) {
  EXPECT_EQ(world_.node(2).position, world_.node(0).position);
  EXPECT_TRUE(world_.node(2).streams);
}

TEST_F(WorldTest, APausedStandbyReceivesAndDoesNotReplay) {
  world_.node(1).paused = true;
  run(20);
  EXPECT_LT(world_.node(1).position.lsn, world_.node(1).received.lsn);
  EXPECT_EQ(world_.node(1).received, world_.node(0).position);
}

TEST_F(WorldTest, ARefusedLinkEndsTheStreamAtOnceABlackHoleLater) {
  world_.between(0, 1).flow = Flow::BlackHole;
  run(20);
  EXPECT_TRUE(world_.node(1).streams);
  run(1300);
  EXPECT_FALSE(world_.node(1).streams);
  world_.between(0, 1) = Link{};
  run(2);
  EXPECT_EQ(world_.node(1).position, world_.node(0).position);
  world_.between(0, 1).flow = Flow::Refused;
  run(1);
  EXPECT_FALSE(world_.node(1).streams);
}

TEST_F(WorldTest, ASwitchoverLosesNothingAndBeginsATimeline) {
  const Position before = world_.node(0).position;
  world_.switch_over(1);
  run(5);
  EXPECT_TRUE(world_.node(1).primary);
  EXPECT_FALSE(world_.node(0).primary);
  EXPECT_EQ(world_.wal().at(world_.node(1).position.branch).timeline, 2U);
  EXPECT_EQ(world_.wal().at(world_.node(1).position.branch).start, before.lsn);
  EXPECT_EQ(world_.node(2).position, world_.node(1).position);
  EXPECT_EQ(world_.promotions.size(), 1U);
}

TEST_F(WorldTest, TwoPromotionsAreTwoBranchesOfOneNumber) {
  world_.promote(1);
  run(5);
  EXPECT_EQ(world_.primaries().size(), 2U);
  EXPECT_FALSE(world_.wal().contains(world_.node(1).position, world_.node(0).position));
}

TEST_F(WorldTest, ACrashEndsConnectionsAndFreesTheirLocks) {
  std::uint64_t ended = 0;
  world_.on_end = [&ended](std::uint64_t backend) { ended = backend; };
  const std::uint64_t backend = world_.open_backend(0, 0);
  world_.node(0).locks[{1, 0}] = backend;
  world_.crash(0);
  EXPECT_EQ(ended, backend);
  EXPECT_TRUE(world_.node(0).locks.empty());
  EXPECT_EQ(world_.backends_of(0, 0), 0U);
}

TEST_F(WorldTest, TheSameSeedIsTheSameWorld) {
  World other{7, 1};
  Instant now = kBegin;
  other.step(now);
  for (const Node& node : world_.nodes()) {
    Node copy{.name = node.name, .address = node.address};
    copy.primary = node.primary;
    copy.upstream = node.upstream;
    copy.write_rate = 1'000'000;
    other.add(copy);
  }
  for (int i = 0; i < 20; ++i) {
    now += kStep;
    other.step(now);
  }
  EXPECT_EQ(other.node(0).position, world_.node(0).position);
}

}  // namespace
}  // namespace pgrepl::simulation
