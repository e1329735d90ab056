// Whole clusters over time: each test is a short film of what the servers say.
#include "cluster/observe.h"

#include "support/builders.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using testing::instant;
using testing::primary;
using testing::sender;
using testing::standby;

using Samples = std::vector<ServerSample>;

class Film {
 public:
  const Cluster& show(double at, const Samples& samples) {
    auto seen = observe({.name = "c", .rpo = rpo_}, samples, std::move(memory_), instant(at));
    memory_ = std::move(seen.memory);
    events_ = std::move(seen.events);
    cluster_ = std::move(seen.cluster);
    return cluster_;
  }

  [[nodiscard]] const Standby& standby_of(const std::string& name) const {
    const auto found = std::ranges::find_if(cluster_.servers, [&](const Server& server) {
      return server.sample.name == name;
    });
    return found->standby.value();
  }

  [[nodiscard]] double lag(const std::string& name) const {
    return standby_of(name).lag.time.value().count();
  }

  [[nodiscard]] bool has_anomaly(Anomaly anomaly) const {
    return std::ranges::find(cluster_.anomalies, anomaly, &AnomalyFinding::anomaly) !=
           cluster_.anomalies.end();
  }

  [[nodiscard]] std::size_t count_events(EventKind kind) const {
    return static_cast<std::size_t>(std::ranges::count(events_, kind, &Event::kind));
  }

  void set_rpo(double seconds) { rpo_ = Seconds{seconds}; }

 private:
  std::optional<Seconds> rpo_;
  Memory memory_;
  Cluster cluster_;
  std::vector<Event> events_;
};

std::string position(int second) {
  return pg::to_string(pg::Lsn{0x10000U + 0x100U * static_cast<unsigned>(second)});
}

// The primary writes 0x100 bytes a second; `replayed` is the standby's place in seconds.
Samples pair(int second, int replayed) {
  return {
      primary("pg-1")
          .at(position(second))
          .asked_at(second)
          .sends(sender().slot("s").replayed(position(replayed))),
      standby("pg-2")
          .replayed(position(replayed))
          .received(position(second))
          .asked_at(second)
          .receives_from("pg-1", "s"),
  };
}

TEST(Observe, StreamingStandbyThatKeepsUpHasNoLag) {
  Film film;
  for (int i = 0; i <= 10; ++i) {
    film.show(i, pair(i, i));
  }
  EXPECT_EQ(film.lag("pg-2"), 0);
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::Streaming);
  EXPECT_EQ(film.standby_of("pg-2").upstream->server, "pg-1");
  EXPECT_EQ(film.standby_of("pg-2").upstream->evidence, Evidence::Slot);
}

TEST(Observe, IdlePrimaryOvernightIsNoLag) {
  Film film;
  film.show(0, pair(0, 0));
  for (int i = 1; i < 10 * 3600; i += 9) {
    auto idle = pair(0, 0);
    idle[0].tick->sent = idle[0].tick->received = instant(i);
    idle[1].tick->sent = idle[1].tick->received = instant(i);
    film.show(i, idle);
    ASSERT_EQ(film.lag("pg-2"), 0);
  }
}

TEST(Observe, PausedReplayGrowsASecondASecond) {
  Film film;
  for (int i = 0; i <= 60; ++i) {
    auto samples = pair(i, std::min(i, 20));
    samples[1].tick->reading.replay_paused = i > 20;
    film.show(i, samples);
  }
  EXPECT_NEAR(film.lag("pg-2"), 40, 1e-6);
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::Paused);
  film.show(61, pair(61, 61));
  EXPECT_EQ(film.lag("pg-2"), 0);
}

TEST(Observe, ConfiguredDelayIsADelayAndNotAFault) {
  Film film;
  for (int i = 0; i <= 20; ++i) {
    auto samples = pair(i, std::max(0, i - 5));
    samples[1].facts->recovery_min_apply_delay = std::chrono::seconds{5};
    film.show(i, samples);
  }
  EXPECT_NEAR(film.lag("pg-2"), 5, 1e-6);
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::Delayed);
}

TEST(Observe, StandbyCutOffFromItsUpstreamIsNotCaughtUp) {
  Film film;
  for (int i = 0; i <= 10; ++i) {
    film.show(i, pair(i, i));
  }
  for (int i = 11; i <= 30; ++i) {
    auto samples = pair(i, 10);
    samples[0].tick->reading.senders.clear();
    samples[1].tick->reading.receiver.reset();
    samples[1].tick->reading.received = samples[1].tick->reading.position;
    film.show(i, samples);
    EXPECT_NEAR(film.lag("pg-2"), i - 10, 1e-6);
  }
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::Disconnected);
  EXPECT_EQ(film.standby_of("pg-2").upstream->evidence, Evidence::Remembered);
}

TEST(Observe, FrozenStandbyIsSeenThroughItsUpstreamThenByItsLastPosition) {
  Film film;
  for (int i = 0; i <= 10; ++i) {
    film.show(i, pair(i, i));
  }
  const Samples frozen{
      primary("pg-1")
          .at(position(20))
          .asked_at(20)
          .sends(sender().slot("s").replayed(position(12))),
      standby("pg-2").down(pg::FailureReason::Timeout),
  };
  film.show(20, frozen);
  EXPECT_EQ(film.standby_of("pg-2").lag.basis, LagBasis::UpstreamView);
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::Unreachable);
  EXPECT_NEAR(film.lag("pg-2"), 8, 1e-6);
  const Samples gone{primary("pg-1").at(position(40)).asked_at(40), standby("pg-2").down()};
  film.show(40, gone);
  EXPECT_EQ(film.standby_of("pg-2").lag.basis, LagBasis::LastKnown);
  EXPECT_NEAR(film.lag("pg-2"), 28, 1e-6);
  film.show(41, pair(41, 41));
  EXPECT_EQ(film.lag("pg-2"), 0);
}

TEST(Observe, StandbyThatKeptUpIsTakenToHaveStoppedBetweenItsLastWordAndTheSilence) {
  Film film;
  for (int i = 0; i <= 10; ++i) {
    film.show(i, pair(i, i));
  }
  for (int i = 11; i <= 20; ++i) {
    film.show(i, {primary("pg-1").at(position(i)).asked_at(i), standby("pg-2").down()});
    EXPECT_EQ(film.standby_of("pg-2").lag.basis, LagBasis::LastKnown);
    EXPECT_NEAR(film.lag("pg-2"), i - 10.5, 0.01);
    EXPECT_GE(film.standby_of("pg-2").lag.uncertainty.value().count(), 0.5);
  }
}

TEST(Observe, PausedStandbyThatDiesIsWhereItWas) {
  Film film;
  for (int i = 0; i <= 10; ++i) {
    film.show(i, pair(i, std::min(i, 3)));
  }
  film.show(11, {primary("pg-1").at(position(11)).asked_at(11), standby("pg-2").down()});
  EXPECT_NEAR(film.lag("pg-2"), 8, 1e-6);
}

TEST(Observe, AnswerFromBeforeAFailureAges) {
  Film film;
  for (int i = 0; i <= 10; ++i) {
    film.show(i, pair(i, i));
  }
  auto samples = pair(10, 10);
  samples[0] = primary("pg-1").at(position(11)).asked_at(11);
  samples[1].failure = Failure{pg::FailureReason::Other, "connection lost", instant(11)};
  film.show(11, samples);
  EXPECT_EQ(film.standby_of("pg-2").lag.basis, LagBasis::LastKnown);
  EXPECT_GT(film.lag("pg-2"), 0);
}

TEST(Observe, CascadingStandbyIsMeasuredAgainstThePrimary) {
  Film film;
  for (int i = 0; i <= 30; ++i) {
    film.show(
        i,
        {primary("pg-1")
             .at(position(i))
             .asked_at(i)
             .sends(sender("pg-2").replayed(position(std::max(0, i - 10)))),
         standby("pg-2")
             .replayed(position(std::max(0, i - 10)))
             .asked_at(i)
             .receives_from("pg-1", std::nullopt, "pg-2")
             .sends(sender("pg-3").replayed(position(std::max(0, i - 10)))),
         standby("pg-3")
             .replayed(position(std::max(0, i - 10)))
             .asked_at(i)
             .receives_from("pg-2", std::nullopt, "pg-3")}
    );
  }
  EXPECT_NEAR(film.lag("pg-3"), 10, 1e-6);
  EXPECT_EQ(film.standby_of("pg-3").upstream->server, "pg-2");
}

TEST(Observe, StandbyNeverSeenIsUnknownAndNotZero) {
  Film film;
  film.show(0, {primary("pg-1").at(position(0)), standby("pg-2").down()});
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::NeverSeen);
  EXPECT_EQ(film.standby_of("pg-2").lag, ReplicationLag{});
}

TEST(Observe, ExporterStartedLateTakesTheLastCommitFirst) {
  Film film;
  auto samples = pair(700, 100);
  samples[1].tick->reading.last_xact_replay_time = 1.7e9 + 100;
  film.show(700, samples);
  EXPECT_EQ(film.standby_of("pg-2").lag.basis, LagBasis::ReplayTimestamp);
  EXPECT_NEAR(film.lag("pg-2"), 600, 0.01);
}

TEST(Observe, PromotionIsOneFailoverAndFollowersKeepTheirLag) {
  Film film;
  for (int i = 0; i <= 10; ++i) {
    auto samples = pair(i, i);
    samples.push_back(standby("pg-3").replayed(position(i - (i > 5 ? 2 : 0))).asked_at(i));
    film.show(i, samples);
  }
  EXPECT_NEAR(film.lag("pg-3"), 2, 1e-6);
  const Samples promoted{
      primary("pg-1").down(),
      primary("pg-2").at(position(11)).timeline(2).asked_at(12),
      standby("pg-3").replayed(position(8)).asked_at(12),
  };
  const Cluster& cluster = film.show(12, promoted);
  EXPECT_EQ(cluster.failovers, 1U);
  EXPECT_EQ(film.count_events(EventKind::Failover), 1U);
  EXPECT_NEAR(cluster.last_failover_downtime->count(), 2, 1e-6);
  EXPECT_EQ(cluster.timeline, pg::TimelineId{2});
  EXPECT_NEAR(film.lag("pg-3"), 4, 1e-6);
  film.show(13, promoted);
  EXPECT_EQ(film.show(14, promoted).failovers, 1U);
}

TEST(Observe, ServerLeftBehindBeyondTheSwitchPointIsDiverged) {
  Film film;
  film.show(0, pair(0, 0));
  const Samples after{
      primary("pg-1").at(position(5)).timeline(2).asked_at(6),
      standby("pg-2").replayed(position(9)).timeline(1).asked_at(6).receives_from("pg-9"),
  };
  film.show(6, after);
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::Diverged);
  EXPECT_EQ(film.standby_of("pg-2").lag, ReplicationLag{});
  EXPECT_TRUE(film.has_anomaly(Anomaly::TimelineDivergence));
}

// Without a receiver it shows the timeline of its last restartpoint, which may be the one before.
TEST(Observe, StandbyThatLosesItsReceiverStaysOnTheTimelineItWasOn) {
  Film film;
  film.show(0, pair(0, 0));
  const auto at = [](double seconds, std::uint32_t standbys_timeline, double started) {
    Samples samples{
        primary("pg-1").at(position(9)).timeline(2).asked_at(seconds),
        standby("pg-2").replayed(position(9)).timeline(standbys_timeline).asked_at(seconds),
    };
    samples[1].tick->reading.postmaster_start_time = started;
    return samples;
  };
  film.show(
      6,
      Samples{
          primary("pg-1").at(position(5)).timeline(2).asked_at(6),
          standby("pg-2").replayed(position(5)).asked_at(6)}
  );
  film.show(9, at(9, 2, 0));
  film.show(10, at(10, 1, 0));
  EXPECT_NE(film.standby_of("pg-2").state, StandbyState::Diverged);
  EXPECT_FALSE(film.has_anomaly(Anomaly::TimelineDivergence));
  film.show(11, at(11, 1, 10.5));
  EXPECT_NE(film.standby_of("pg-2").state, StandbyState::Diverged) << "it was restarted";
  auto rebuilt = at(12, 1, 11.5);
  rebuilt[1].tick->reading.receiver = WalReceiver{};
  film.show(12, rebuilt);
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::Diverged) << "its receiver says so";
}

TEST(Observe, TwoPrimariesAreASplitBrainAndNoLagIsClaimed) {
  Film film;
  film.show(0, pair(0, 0));
  Samples samples{
      primary("pg-1").at(position(5)).asked_at(5),
      primary("pg-9").at(position(5)).timeline(2).asked_at(5),
      standby("pg-2").replayed(position(4)).asked_at(5),
  };
  film.show(5.1, samples);
  EXPECT_FALSE(film.has_anomaly(Anomaly::SplitBrain));
  for (auto& sample : samples) {
    sample.tick->sent = sample.tick->received = instant(6);
  }
  const Cluster& cluster = film.show(6.1, samples);
  EXPECT_TRUE(film.has_anomaly(Anomaly::SplitBrain));
  EXPECT_EQ(cluster.primaries, 2U);
  EXPECT_EQ(film.standby_of("pg-2").lag, ReplicationLag{});
}

TEST(Observe, PlannedSwitchoverDoesNotFlashASplitBrain) {
  Film film;
  film.show(0, pair(0, 0));
  // The old primary's last answer is from before the promotion and still in the samples.
  film.show(
      1,
      {primary("pg-1").at(position(1)).asked_at(0.5),
       primary("pg-2").at(position(1)).timeline(2).asked_at(1)}
  );
  EXPECT_FALSE(film.has_anomaly(Anomaly::SplitBrain));
  film.show(2, {primary("pg-1").down(), primary("pg-2").at(position(2)).timeline(2).asked_at(2)});
  EXPECT_FALSE(film.has_anomaly(Anomaly::SplitBrain));
}

TEST(Observe, NoPrimaryIsAnAnomalyAndLagComesFromTheStandby) {
  Film film;
  for (int i = 0; i <= 10; ++i) {
    film.show(i, pair(i, i));
  }
  film.show(
      15,
      {primary("pg-1").down(),
       standby("pg-2").replayed(position(10)).asked_at(15).received(position(10))}
  );
  EXPECT_TRUE(film.has_anomaly(Anomaly::NoPrimary));
  EXPECT_EQ(film.standby_of("pg-2").lag.basis, LagBasis::StandbyView);
  EXPECT_EQ(film.lag("pg-2"), 0);
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::UpstreamDown);
}

TEST(Observe, StrangersInOneClusterAreNamed) {
  Film film;
  film.show(0, {primary("pg-1"), standby("pg-2").system_identifier(99)});
  EXPECT_TRUE(film.has_anomaly(Anomaly::MixedSystemIdentifiers));
}

TEST(Observe, EachChangeIsToldOnce) {
  Film film;
  film.show(0, pair(0, 0));
  EXPECT_EQ(film.count_events(EventKind::ServerUp), 2U);
  film.show(1, pair(1, 1));
  EXPECT_EQ(film.count_events(EventKind::ServerUp), 0U);
  const Samples down{primary("pg-1").at(position(2)).asked_at(2), standby("pg-2").down()};
  film.show(2, down);
  EXPECT_EQ(film.count_events(EventKind::ServerDown), 1U);
  EXPECT_EQ(film.count_events(EventKind::StandbyState), 1U);
  film.show(3, down);
  EXPECT_EQ(film.count_events(EventKind::ServerDown), 0U);
}

TEST(Observe, StandbyThatReplaysFromTheArchiveSaysSo) {
  Film film;
  for (int i = 0; i <= 5; ++i) {
    auto samples = pair(i, i);
    samples[0].tick->reading.senders.clear();
    samples[1].tick->reading.receiver.reset();
    samples[1].tick->reading.received.reset();
    film.show(i, samples);
  }
  EXPECT_EQ(film.standby_of("pg-2").state, StandbyState::ArchiveRecovery);
}

}  // namespace
}  // namespace pgrepl::cluster
