// The truth that films are held against has to be true itself.
#include "simulation/wal.h"

#include <gtest/gtest.h>

namespace pgrepl::simulation {
namespace {

using std::chrono::seconds;

constexpr Instant kStart{std::chrono::hours{1}};

TEST(Wal, LagIsTheAgeOfTheFirstWriteBeyondThePosition) {
  Wal wal;
  const BranchId branch = wal.begin(1, 100, kStart);
  wal.append(branch, 200, kStart + seconds{10});
  wal.append(branch, 300, kStart + seconds{20});
  EXPECT_EQ(wal.lag({branch, 300}, {branch, 300}, kStart + seconds{90}), Seconds{0});
  EXPECT_EQ(wal.lag({branch, 300}, {branch, 200}, kStart + seconds{90}), Seconds{70});
  EXPECT_EQ(wal.lag({branch, 300}, {branch, 150}, kStart + seconds{90}), Seconds{80});
}

TEST(Wal, AnIdlePrimaryLeavesNobodyBehind) {
  Wal wal;
  const BranchId branch = wal.begin(1, 100, kStart);
  EXPECT_EQ(wal.lag({branch, 100}, {branch, 100}, kStart + seconds{3600}), Seconds{0});
}

TEST(Wal, WhatTheOldPrimaryWroteBeyondTheSwitchPointIsOtherWal) {
  Wal wal;
  const BranchId old = wal.begin(1, 100, kStart);
  wal.append(old, 200, kStart + seconds{10});
  wal.append(old, 300, kStart + seconds{20});
  const BranchId next = wal.fork({old, 200}, 2, kStart + seconds{30});
  wal.append(next, 400, kStart + seconds{40});
  EXPECT_TRUE(wal.contains({next, 400}, {old, 200}));
  EXPECT_TRUE(wal.contains({next, 400}, {old, 150}));
  EXPECT_FALSE(wal.contains({next, 400}, {old, 300}));
  EXPECT_FALSE(wal.contains({old, 300}, {next, 400}));
  // It stands at the switch point: the new primary has gone past it when it wrote.
  EXPECT_EQ(wal.lag({next, 400}, {old, 200}, kStart + seconds{50}), Seconds{10});
}

TEST(Wal, WhoStandsWhereABranchBeginsHasNothingOfIt) {
  Wal wal;
  const BranchId old = wal.begin(1, 100, kStart);
  wal.append(old, 200, kStart + seconds{10});
  const BranchId stray = wal.fork({old, 150}, 2, kStart + seconds{12});
  EXPECT_TRUE(wal.contains({old, 200}, {stray, 150}));
  EXPECT_EQ(wal.branch_at({stray, 150}, 120), old);
  EXPECT_EQ(wal.branch_at({stray, 160}, 155), stray);
}

TEST(Wal, AnotherClusterIsNeverOnTheLine) {
  Wal wal;
  const BranchId one = wal.begin(1, 100, kStart);
  const BranchId other = wal.begin(2, 100, kStart);
  EXPECT_FALSE(wal.contains({one, 500}, {other, 100}));
}

TEST(Wal, TheLastCommitIsTheLastWriteThatIsReplayedAsAWhole) {
  Wal wal;
  const BranchId branch = wal.begin(1, 100, kStart);
  wal.append(branch, 200, kStart + seconds{10});
  EXPECT_EQ(wal.last_commit({branch, 150}), kStart);
  EXPECT_EQ(wal.last_commit({branch, 200}), kStart + seconds{10});
  EXPECT_EQ(wal.lsn_at({branch, 200}, kStart + seconds{9}), 100U);
}

}  // namespace
}  // namespace pgrepl::simulation
