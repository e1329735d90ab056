#include "cluster/lag.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using testing::instant;
using testing::lsn;
using testing::sender;

// A primary that writes 0x100 bytes a second from second 0 on, read every second.
WalHistory steady(int seconds) {
  WalHistory history;
  for (int i = 0; i <= seconds; ++i) {
    history.note(pg::Lsn{0x1000U + 0x100U * static_cast<unsigned>(i)}, instant(i));
  }
  return history;
}

PrimaryReading newest(const WalHistory& history) {
  return {
      .position = history.newest()->position, .read_at = history.newest()->at, .read_error = {}};
}

ReplayReading replay(const char* position, double read_at) {
  return {
      .position = lsn(position),
      .read_at = instant(read_at),
      .read_error = {},
      .last_commit = std::nullopt,
  };
}

double value(const std::optional<Seconds>& time) {
  return time.value().count();
}

TEST(MeasureLag, CaughtUpStandbyIsZeroWhateverItsLastCommit) {
  auto caught_up = replay("0/1A00", 10);
  caught_up.last_commit = instant(-7200);
  const auto lag = measure_lag(caught_up, newest(steady(10)), steady(10));
  EXPECT_EQ(value(lag.time), 0);
  EXPECT_EQ(lag.bytes, 0U);
  EXPECT_EQ(lag.basis, LagBasis::WalHistory);
}

TEST(MeasureLag, AnswerNewerThanThePrimarysIsNeverNegative) {
  const auto lag = measure_lag(replay("0/1B00", 10.2), newest(steady(10)), steady(10));
  EXPECT_EQ(value(lag.time), 0);
  EXPECT_EQ(lag.bytes, 0U);
  EXPECT_NEAR(value(lag.uncertainty), 0.2, 1e-6);
}

TEST(MeasureLag, IsTheAgeOfTheShownState) {
  const auto lag = measure_lag(replay("0/1500", 10), newest(steady(10)), steady(10));
  EXPECT_NEAR(value(lag.time), 5, 1e-6);
  EXPECT_EQ(lag.bytes, 0x500U);
  EXPECT_NEAR(value(lag.uncertainty), 1, 1e-6);
}

TEST(MeasureLag, LastCommitInsideTheIntervalSharpens) {
  auto standby = replay("0/1540", 10);
  standby.last_commit = instant(5.9);
  const auto lag = measure_lag(standby, newest(steady(10)), steady(10));
  EXPECT_NEAR(value(lag.time), 4.1, 1e-6);
  EXPECT_NEAR(value(lag.uncertainty), 0.1, 1e-6);
}

TEST(MeasureLag, LastCommitOutsideTheIntervalDoesNoHarm) {
  for (const double skewed : {-3600.0, 4.0, 6.5, 3600.0}) {
    auto standby = replay("0/1580", 10);
    standby.last_commit = instant(skewed);
    EXPECT_NEAR(value(measure_lag(standby, newest(steady(10)), steady(10)).time), 4.5, 1e-6);
  }
}

TEST(MeasureLag, FirstWriteAfterANightIsNotANightOfLag) {
  WalHistory night;
  night.note(lsn("0/1000"), instant(0));
  for (int i = 1; i <= 8 * 3600; ++i) {
    night.note(lsn("0/1000"), instant(i));
  }
  night.note(lsn("0/1100"), instant(8 * 3600 + 1));
  const auto lag = measure_lag(replay("0/1000", 8 * 3600 + 1), newest(night), night);
  EXPECT_LE(value(lag.time), 1.0);
}

TEST(MeasureLag, PositionOlderThanTheHistoryComesFromTheLastCommit) {
  auto standby = replay("0/500", 10);
  standby.last_commit = instant(-590);
  const auto lag = measure_lag(standby, newest(steady(10)), steady(10));
  EXPECT_EQ(lag.basis, LagBasis::ReplayTimestamp);
  EXPECT_NEAR(value(lag.time), 600, 1e-6);
}

TEST(MeasureLag, PositionOlderThanTheHistoryIsAtLeastItsAge) {
  auto standby = replay("0/500", 10);
  standby.last_commit = instant(8);
  EXPECT_NEAR(value(measure_lag(standby, newest(steady(10)), steady(10)).time), 10, 1e-6);
}

TEST(MeasureLag, WithoutACommitNothingSaysHowFarItIsBeyondTheHistory) {
  auto standby = replay("0/500", 10);
  standby.last_commit.reset();
  const auto lag = measure_lag(standby, newest(steady(10)), steady(10));
  EXPECT_EQ(lag.basis, LagBasis::ReplayTimestamp);
  EXPECT_NEAR(value(lag.time), 10, 1e-6);
  EXPECT_FALSE(lag.uncertainty);
}

TEST(MeasureLag, ForcedSegmentSwitchIsNotSecondsOfLag) {
  WalHistory history;
  history.note(lsn("0/1000100"), instant(0));
  history.note(lsn("0/1000100"), instant(300));
  history.note(lsn("0/2000000"), instant(301));
  const auto before = measure_lag(replay("0/1000100", 301), newest(history), history);
  EXPECT_LE(value(before.time), 1);
  const auto after = measure_lag(replay("0/2000000", 301), newest(history), history);
  EXPECT_EQ(value(after.time), 0);
}

FarReading heard(const char* end, double at, bool writes_on = false) {
  return {.end = lsn(end), .known_at = instant(at), .writes_on = writes_on};
}

TEST(MeasureLagWithoutPrimary, StandbyThatReplayedAllItWasToldOfIsCaughtUp) {
  const auto lag =
      measure_lag_without_primary(replay("0/1A00", 12), heard("0/1A00", 10), steady(10));
  EXPECT_EQ(lag.basis, LagBasis::StandbyView);
  EXPECT_EQ(value(lag.time), 0);
  EXPECT_NEAR(value(lag.uncertainty), 2, 1e-6);
}

TEST(MeasureLagWithoutPrimary, NewsOfAPrimaryElsewhereAges) {
  const auto lag =
      measure_lag_without_primary(replay("0/1A00", 70), heard("0/1A00", 10, true), steady(10));
  EXPECT_NEAR(value(lag.time), 60, 1e-6);
  EXPECT_NEAR(value(lag.uncertainty), 60, 1e-6) << "it may be nothing";
}

// A receiver that streams may rest for a moment; one that is gone will not tell more.
TEST(MeasureLagWithoutPrimary, CutIsCountedAtOnceAndFromTheLastCommitThatCame) {
  FarReading cut = heard("0/1A00", 10, true);
  EXPECT_EQ(value(measure_lag_without_primary(replay("0/1A00", 11), cut, steady(10)).time), 0);
  cut.connected = false;
  ReplayReading reading = replay("0/1A00", 11);
  EXPECT_NEAR(value(measure_lag_without_primary(reading, cut, steady(10)).time), 1, 1e-6);
  reading.last_commit = instant(10.7);
  const auto lag = measure_lag_without_primary(reading, cut, steady(10));
  EXPECT_NEAR(value(lag.time), 0.3, 1e-6);
  EXPECT_NEAR(value(lag.uncertainty), 1, 1e-6) << "clocks narrow nothing";
  // Of before the news, or of a clock that is wrong.
  for (const double useless : {9.0, 11.5}) {
    reading.last_commit = instant(useless);
    EXPECT_NEAR(value(measure_lag_without_primary(reading, cut, steady(10)).time), 1, 1e-6);
  }
}

TEST(MeasureLagWithoutPrimary, StandbyBehindIsAtLeastWhatTheHistorySays) {
  const auto lag =
      measure_lag_without_primary(replay("0/1500", 12), heard("0/1A00", 10), steady(10));
  EXPECT_NEAR(value(lag.time), 7, 1e-6);
  EXPECT_EQ(lag.bytes, 0x500U);
}

TEST(MeasureStages, SplitsTheWayAndSumsToTheLag) {
  const WalSender row = sender().positions("0/1900", "0/1800", "0/1600", "0/1500");
  const auto stages = measure_stages(row, newest(steady(10)), steady(10));
  double sum = 0;
  for (const StageLag& stage : stages) {
    sum += value(stage.time);
  }
  EXPECT_NEAR(sum, 5, 1e-6);
  EXPECT_EQ(stages[0].bytes, 0x100U);
  EXPECT_EQ(stages[2].bytes, 0x200U);
  EXPECT_EQ(bottleneck(stages), Stage::Flush);
}

TEST(MeasureStages, MissingPositionsLeaveTheirStagesUnknown) {
  WalSender row = sender().positions("0/1900", "0/1800", "0/1600", "0/1500");
  row.flush.reset();
  const auto stages = measure_stages(row, newest(steady(10)), steady(10));
  EXPECT_TRUE(stages[1].time);
  EXPECT_TRUE(!stages[1].bytes || stages[1].bytes == 0x100U);
  EXPECT_FALSE(stages[2].time);
  EXPECT_FALSE(stages[3].time);
}

TEST(Bottleneck, IsNoneWhenNothingWaits) {
  const WalSender row = sender().positions("0/1A00", "0/1A00", "0/1A00", "0/1A00");
  EXPECT_EQ(bottleneck(measure_stages(row, newest(steady(10)), steady(10))), std::nullopt);
}

}  // namespace
}  // namespace pgrepl::cluster
