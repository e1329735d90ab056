// Exposure, slots and candidates: what would be lost, and who could take over.
#include "cluster/memory.h"
#include "cluster/observe.h"
#include "support/builders.h"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using testing::instant;
using testing::lsn;
using testing::primary;
using testing::sender;
using testing::standby;

using Samples = std::vector<ServerSample>;

class Film {
 public:
  explicit Film(std::optional<Seconds> rpo = std::nullopt) : rpo_(rpo) {}

  const Cluster& show(double at, const Samples& samples) {
    auto seen = observe({.name = "c", .rpo = rpo_}, samples, std::move(memory_), instant(at));
    memory_ = std::move(seen.memory);
    cluster_ = std::move(seen.cluster);
    return cluster_;
  }

 private:
  std::optional<Seconds> rpo_;
  Memory memory_;
  Cluster cluster_;
};

std::string position(int second) {
  return pg::to_string(pg::Lsn{0x10000U + 0x100U * static_cast<unsigned>(second)});
}

ServerSample writing(int second) {
  return primary("pg-1").at(position(second)).asked_at(second);
}

ServerSample streaming(const std::string& name, int second, int replayed) {
  return standby(name)
      .replayed(position(replayed))
      .received(position(replayed))
      .asked_at(second)
      .receives_from("pg-1", std::nullopt, name);
}

bool has(const Cluster& cluster, Anomaly anomaly) {
  return std::ranges::find(cluster.anomalies, anomaly, &AnomalyFinding::anomaly) !=
         cluster.anomalies.end();
}

TEST(DataLossExposure, IsWhatTheBestConnectedStandbyLacks) {
  Film film;
  for (int i = 0; i <= 20; ++i) {
    film.show(
        i,
        {writing(i),
         streaming("pg-2", i, std::max(0, i - 3)),
         streaming("pg-3", i, std::max(0, i - 9))}
    );
  }
  const Cluster& cluster =
      film.show(20, {writing(20), streaming("pg-2", 20, 17), streaming("pg-3", 20, 11)});
  EXPECT_EQ(cluster.data_loss.bytes, 0x300U);
  EXPECT_NEAR(cluster.data_loss.time->count(), 3, 1e-6);
  EXPECT_EQ(cluster.best_candidate, "pg-2");
}

TEST(DataLossExposure, GrowsWithoutAConnectedStandby) {
  Film film;
  film.show(0, {writing(0), streaming("pg-2", 0, 0)});
  for (int i = 1; i <= 30; ++i) {
    const Cluster& cluster =
        film.show(i, {writing(i), standby("pg-2").down(pg::FailureReason::Refused)});
    EXPECT_NEAR(cluster.data_loss.time->count(), i, 1e-6);
  }
}

TEST(DataLossExposure, IsUnknownUntilAStandbyWasSeenConnected) {
  Film film;
  EXPECT_EQ(film.show(0, {writing(0)}).data_loss, Exposure{});
}

TEST(ArchiveExposure, IsTheTimeSinceTheEndOfTheLastArchivedSegment) {
  Film film;
  Cluster cluster;
  for (int i = 0; i <= 10; ++i) {
    ServerSample sample =
        primary("pg-1")
            .at(pg::to_string(pg::Lsn{0x2000000U + 0x100U * static_cast<unsigned>(i)}))
            .asked_at(i);
    sample.archiver = Archiver{.enabled = true, .last_archived_wal = "000000010000000000000001"};
    sample.facts->wal_segment_bytes = 16U << 20U;
    cluster = film.show(i, {sample});
  }
  EXPECT_EQ(cluster.archive.bytes, 0xA00U);
  EXPECT_NEAR(cluster.archive.time->count(), 10, 1e-6);
}

TEST(ArchiveExposure, IdlePrimaryLooksNotAsIfArchivingHadFailed) {
  Film film;
  Cluster cluster;
  for (const int i : {0, 3600, 7200}) {
    ServerSample sample = primary("pg-1").at("0/2000000").asked_at(i);
    sample.archiver = Archiver{.enabled = true, .last_archived_wal = "000000010000000000000001"};
    sample.facts->wal_segment_bytes = 16U << 20U;
    cluster = film.show(i, {sample});
  }
  EXPECT_EQ(cluster.archive.time, Seconds::zero());
}

// A primary whose last archived file has this name.
ServerSample archiving(const std::string& position, const std::string& file_name, int at) {
  ServerSample sample = primary("pg-1").at(position).asked_at(at);
  sample.archiver = Archiver{.enabled = true, .last_archived_wal = file_name};
  sample.facts->wal_segment_bytes = 16U << 20U;
  return sample;
}

TEST(ArchiveExposure, FilesThatAreNoSegmentsTakeNothingBack) {
  Film film;
  film.show(0, {archiving("0/5000100", "000000010000000000000004", 0)});
  EXPECT_EQ(
      film.show(1, {archiving("0/5000100", "000000010000000000000002.00000028.backup", 1)})
          .archive.bytes,
      0x100U
  );
  EXPECT_EQ(film.show(2, {archiving("0/5000200", "00000002.history", 2)}).archive.bytes, 0x200U);
}

TEST(ArchiveExposure, WhatTheOldPrimaryArchivedBeyondItsEndIsLost) {
  Film film;
  film.show(0, {archiving("0/5000100", "000000010000000000000004", 0)});
  ServerSample promoted = archiving("0/4000100", "00000002.history", 1);
  promoted.tick->reading.timeline = pg::TimelineId{2};
  film.show(1, {promoted});
  promoted = archiving("0/4000300", "00000002.history", 2);
  promoted.tick->reading.timeline = pg::TimelineId{2};
  EXPECT_EQ(film.show(2, {promoted}).archive.bytes, 0x200U);
}

TEST(SegmentEnd, KnowsSegmentsOfEverySizeAndNothingElse) {
  EXPECT_EQ(segment_end("000000010000000000000001", 16U << 20U), lsn("0/2000000"));
  EXPECT_EQ(segment_end("0000000100000002000000FF", 16U << 20U), lsn("3/0"));
  EXPECT_EQ(segment_end("000000010000000200000003", 1U << 30U), lsn("3/0"));
  EXPECT_FALSE(segment_end("00000002.history", 16U << 20U));
  EXPECT_FALSE(segment_end("000000010000000000000001.partial", 16U << 20U));
  EXPECT_EQ(segment_end("000000010000000000000001.00000028.backup", 16U << 20U), lsn("0/2000000"));
  EXPECT_FALSE(segment_end("00000001000000000000000X", 16U << 20U));
}

TEST(FailoverReady, OnlyWithinTheObjectiveAndOnlyWhenConnected) {
  Film film{Seconds{5}};
  Cluster cluster;
  for (int i = 0; i <= 20; ++i) {
    auto paused = streaming("pg-4", i, i);
    paused.tick->reading.replay_paused = true;
    cluster = film.show(
        i,
        {writing(i),
         streaming("pg-2", i, std::max(0, i - 2)),
         streaming("pg-3", i, std::max(0, i - 9)),
         paused}
    );
  }
  EXPECT_TRUE(cluster.servers[1].standby->failover_ready);
  EXPECT_FALSE(cluster.servers[2].standby->failover_ready);
  EXPECT_FALSE(cluster.servers[3].standby->failover_ready);
}

TEST(FailoverReady, DeadPrimaryDoesNotAgeItsStandby) {
  Film film{Seconds{5}};
  film.show(0, {writing(0), streaming("pg-2", 0, 0)});
  auto alone = streaming("pg-2", 600, 0);
  alone.tick->reading.receiver.reset();
  const Cluster& cluster = film.show(600, {primary("pg-1").down(), alone});
  EXPECT_TRUE(cluster.servers[1].standby->failover_ready);
  EXPECT_EQ(cluster.best_candidate, "pg-2");
}

TEST(SyncStandbys, PresentAgainstRequired) {
  WalSender row = sender("pg-2").replayed("0/10000");
  row.sync_state = "quorum";
  ServerSample sample = primary("pg-1").at("0/10000").sends(row);
  sample.facts->synchronous_standby_names = "ANY 2 (*)";
  Film film;
  EXPECT_EQ(film.show(0, {sample}).sync_standbys, (SyncStandbys{.present = 1, .required = 2}));
}

ServerSample with_slot(int second, ReplicationSlot slot) {
  ServerSample sample = writing(second);
  sample.slots = {std::move(slot)};
  return sample;
}

// It may say what it likes of itself, but not make us use memory without bound.
TEST(Timelines, OfAServerThatNamesEverHigherOnesAreForgotten) {
  Memory memory;
  for (int i = 1; i <= 3000; ++i) {
    const Samples samples{
        primary("pg-1").at(position(i)).timeline(static_cast<std::uint32_t>(i)).asked_at(i)};
    memory = observe({.name = "c", .rpo = {}}, samples, std::move(memory), instant(i)).memory;
  }
  EXPECT_LE(memory.timelines.size(), 1000U);
  EXPECT_TRUE(memory.timelines.beginning_of(pg::TimelineId{3000}));
}

TEST(Slots, RetainedWalAndTimeToLoss) {
  Film film;
  Cluster cluster;
  for (int i = 0; i <= 60; ++i) {
    cluster = film.show(
        i,
        {with_slot(
            i,
            {.name = "s",
             .type = "physical",
             .active = true,
             .restart = lsn(position(0)),
             .wal_status = "extended",
             .safe_wal_bytes = 0x10000}
        )}
    );
  }
  const SlotStatus& slot = cluster.servers[0].slots.at(0);
  EXPECT_EQ(slot.retained_bytes, 60U * 0x100U);
  EXPECT_NEAR(slot.time_to_loss->count(), 256, 1e-6);
  EXPECT_EQ(slot.inactive, Seconds::zero());
}

TEST(Slots, LimitOfAnIdlePrimaryIsNeverReachedAndNoLimitIsUnknown) {
  Film film;
  const ReplicationSlot slot{
      .name = "s", .type = "physical", .restart = lsn(position(0)), .safe_wal_bytes = 100};
  film.show(0, {with_slot(0, slot)});
  auto idle = with_slot(0, slot);
  idle.tick->sent = idle.tick->received = instant(30);
  EXPECT_EQ(
      film.show(30, {idle}).servers[0].slots[0].time_to_loss->count(),
      std::numeric_limits<double>::infinity()
  );
  idle.slots[0].safe_wal_bytes.reset();
  EXPECT_FALSE(film.show(31, {idle}).servers[0].slots[0].time_to_loss);
  idle.slots[0].wal_status = "lost";
  EXPECT_EQ(film.show(32, {idle}).servers[0].slots[0].time_to_loss, Seconds::zero());
}

TEST(Slots, WithoutAConsumerForLongAreOrphaned) {
  Film film;
  const ReplicationSlot slot{
      .name = "s", .type = "physical", .active = false, .restart = lsn(position(0))};
  EXPECT_FALSE(has(film.show(0, {with_slot(0, slot)}), Anomaly::OrphanedSlot));
  const Cluster& later = film.show(400, {with_slot(400, slot)});
  EXPECT_NEAR(later.servers[0].slots[0].inactive->count(), 400, 1e-6);
  EXPECT_TRUE(has(later, Anomaly::OrphanedSlot));
  ReplicationSlot used = slot;
  used.active = true;
  EXPECT_FALSE(has(film.show(401, {with_slot(401, used)}), Anomaly::OrphanedSlot));
}

TEST(Slots, DroppedOnesAreForgotten) {
  SlotsInactiveSince since;
  SlotMemories slots_memory;
  ServerSample sample = with_slot(0, {.name = "old", .type = "physical", .active = false});
  (void)describe_slots(sample, nullptr, {since, slots_memory}, instant(0));
  sample.slots[0].name = "new";
  (void)describe_slots(sample, nullptr, {since, slots_memory}, instant(1));
  EXPECT_EQ(since, (SlotsInactiveSince{{{sample.name, "new"}, instant(1)}}));
}

TEST(Slots, GoWithTheirServer) {
  Memory memory;
  memory.servers = {{"pg-1", {}}, {"pg-2", {}}};
  memory.slots_inactive_since = {{{"pg-1", "s"}, instant(0)}, {{"pg-2", "s"}, instant(1)}};
  forget_server(memory, "pg-1");
  EXPECT_EQ(memory.servers.count("pg-1"), 0U);
  EXPECT_EQ(memory.slots_inactive_since, (SlotsInactiveSince{{{"pg-2", "s"}, instant(1)}}));
}

TEST(Slots, AreRememberedWhileNoneIsRead) {
  SlotsInactiveSince since;
  SlotMemories slots_memory;
  ServerSample sample = with_slot(0, {.name = "s", .type = "physical", .active = false});
  (void)describe_slots(sample, nullptr, {since, slots_memory}, instant(0));
  const auto slots = std::exchange(sample.slots, {});
  (void)describe_slots(sample, nullptr, {since, slots_memory}, instant(100));
  sample.slots = slots;
  EXPECT_EQ(
      describe_slots(sample, nullptr, {since, slots_memory}, instant(200))[0].inactive, Seconds{200}
  );
}

TEST(Slots, FromPostgreSQL17OnTheServerSaysSinceWhenNobodyUsesThem) {
  Film film;
  ServerSample sample = with_slot(10, {.name = "s", .type = "physical", .active = false});
  sample.slots[0].restart = lsn(position(0));
  sample.slots[0].inactive_since = sample.tick->reading.server_time - 7000;
  const Cluster& cluster = film.show(10, {sample});
  EXPECT_NEAR(cluster.servers[0].slots[0].inactive->count(), 7000, 1e-6);
  EXPECT_TRUE(has(cluster, Anomaly::OrphanedSlot));
}

TEST(Standbys, AgeOfTheLastMessageIsByTheStandbysOwnClock) {
  Film film;
  ServerSample sample = standby("pg-2").replayed("0/5").asked_at(10, 3600).receives_from("pg-1");
  sample.tick->reading.receiver->last_msg_receipt_time = sample.tick->reading.server_time - 4;
  const Cluster& cluster = film.show(10, {primary("pg-1").at("0/5").asked_at(10), sample});
  EXPECT_NEAR(cluster.servers[1].standby->last_message_age->count(), 4, 1e-6);
}

TEST(DiscoveryFailed, CarriesTheReason) {
  Memory memory;
  const Watched watched{.name = "c", .discovery_failure = "patroni: refused"};
  const Samples samples = {primary("pg-1").at("0/5")};
  const auto seen = observe(watched, samples, std::move(memory), instant(0));
  ASSERT_TRUE(has(seen.cluster, Anomaly::DiscoveryFailed));
  EXPECT_EQ(seen.cluster.anomalies[0].evidence, "patroni: refused");
}

TEST(Words, AreThoseOfTheDocumentation) {
  EXPECT_EQ(to_string(Evidence::Slot), "slot");
  EXPECT_EQ(to_string(Evidence::Sender), "sender");
  EXPECT_EQ(to_string(Evidence::ApplicationName), "application_name");
  EXPECT_EQ(to_string(Evidence::Address), "address");
  EXPECT_EQ(to_string(Evidence::Remembered), "remembered");
  EXPECT_EQ(to_string(EventKind::ServerUp), "server_up");
  EXPECT_EQ(to_string(EventKind::ServerDown), "server_down");
  EXPECT_EQ(to_string(EventKind::StandbyState), "standby_state");
  EXPECT_EQ(to_string(EventKind::Failover), "failover");
  EXPECT_EQ(to_string(EventKind::PrimaryChanged), "primary_changed");
  EXPECT_EQ(to_string(EventKind::AnomalyBegan), "anomaly_began");
  EXPECT_EQ(to_string(EventKind::AnomalyEnded), "anomaly_ended");
}

TEST(UnknownStandby, IsNamedByWhatItsSenderSays) {
  Film film;
  const Cluster& cluster = film.show(
      0, {primary("pg-1").at("0/5").sends(sender("stranger").from("10.0.0.9").replayed("0/5"))}
  );
  ASSERT_TRUE(has(cluster, Anomaly::UnknownStandby));
  EXPECT_NE(cluster.anomalies[0].evidence.find("stranger"), std::string::npos);
}

// Its upstream goes on showing the row until it notices, which may take wal_sender_timeout.
TEST(UnknownStandby, IsNotAKnownOneThatHasJustLostItsReceiver) {
  Film film;
  const auto upstream = [](double at) {
    return primary("pg-1").at("0/5").asked_at(at).sends(sender("pg-2").slot("s").replayed("0/5"));
  };
  film.show(
      0,
      {upstream(0), standby("pg-2").replayed("0/5").asked_at(0).receives_from("pg-1", "s", "pg-2")}
  );
  const Cluster& left = film.show(1, {upstream(1), standby("pg-2").replayed("0/5").asked_at(1)});
  EXPECT_FALSE(has(left, Anomaly::UnknownStandby));
  EXPECT_EQ(left.servers[1].standby->state, StandbyState::Disconnected);
  const Cluster& another = film.show(
      2,
      {upstream(2).sends(sender("pg-2").slot("other").replayed("0/5")),
       standby("pg-2").replayed("0/5").asked_at(2)}
  );
  EXPECT_TRUE(has(another, Anomaly::UnknownStandby));
  const Cluster& promoted = film.show(3, {upstream(3), primary("pg-2").at("0/6").asked_at(3)});
  EXPECT_TRUE(has(promoted, Anomaly::UnknownStandby));
}

}  // namespace
}  // namespace pgrepl::cluster
