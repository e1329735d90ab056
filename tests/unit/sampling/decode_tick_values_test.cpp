// What each column of a tick may hold besides what a healthy server puts there: NULL, nothing, or
// nonsense.
#include "sampling/decode.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using Cell = std::pair<std::string, std::optional<std::string>>;
using Cells = std::vector<Cell>;

pg::ResultSet one_row(const Cells& cells) {
  std::vector<std::string> columns;
  for (const auto& [name, value] : cells) {
    columns.push_back(name);
  }
  pg::ResultSet rows{columns};
  for (const auto& [name, value] : cells) {
    rows.append(value);
  }
  return rows;
}

Cells tick_with(const Cells& more) {
  Cells cells{{"in_recovery", "t"}, {"server_time", "1700000000"}};
  cells.insert(cells.end(), more.begin(), more.end());
  return cells;
}

cluster::TickReading tick(const Cells& more) {
  const auto reading = decode_tick(one_row(tick_with(more)));
  EXPECT_TRUE(reading) << (reading ? "" : reading.error());
  return reading.value_or(cluster::TickReading{});
}

TEST(DecodeTickValues, TheErrorSaysWhatIsMissing) {
  const auto empty = decode_tick(pg::ResultSet{{"in_recovery", "server_time"}});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error(), "the tick returned no row");
  const std::vector<Cells> unreadable{
      {{"in_recovery", "f"}},
      {{"server_time", "1"}},
      {{"in_recovery", std::nullopt}, {"server_time", "1"}},
      {{"in_recovery", "f"}, {"server_time", std::nullopt}},
      {{"in_recovery", "f"}, {"server_time", "noon"}},
      {{"in_recovery", "perhaps"}, {"server_time", "1"}},
      {{"in_recovery", ""}, {"server_time", "1"}},
  };
  for (const Cells& cells : unreadable) {
    const auto reading = decode_tick(one_row(cells));
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error(), "the tick lacks in_recovery or server_time");
  }
}

TEST(DecodeTickValues, WhatIsNotThereIsAbsentAndNotZero) {
  const auto reading = tick({});
  EXPECT_EQ(reading.position, std::nullopt);
  EXPECT_EQ(reading.received, std::nullopt);
  EXPECT_EQ(reading.last_xact_replay_time, std::nullopt);
  EXPECT_EQ(reading.promoted_at, std::nullopt);
  EXPECT_EQ(reading.system_identifier, std::nullopt);
  EXPECT_TRUE(reading.control_points.empty());
  EXPECT_TRUE(reading.receiver.is_none());
  EXPECT_FALSE(reading.replay_paused);
}

TEST(DecodeTickValues, AnUnreadablePositionIsAbsent) {
  for (const char* text : {"", "0", "16/", "/1", "16/B374D848 ", "g/1", "1/123456789", "-1/1"}) {
    const auto reading = tick({{"position", text}, {"received", text}, {"promoted_at", text}});
    EXPECT_EQ(reading.position, std::nullopt) << '"' << text << '"';
    EXPECT_EQ(reading.received, std::nullopt) << '"' << text << '"';
    EXPECT_EQ(reading.promoted_at, std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(tick({{"position", "FFFFFFFF/FFFFFFFF"}}).position, pg::Lsn{~std::uint64_t{0}});
}

TEST(DecodeTickValues, ATimelineIsAPositiveNumber) {
  EXPECT_EQ(tick({}).timeline, std::nullopt);
  for (const char* text : {"", "0", "-1", "4294967296", "1.5", "2 "}) {
    EXPECT_EQ(tick({{"timeline", text}}).timeline, std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(tick({{"timeline", "4294967295"}}).timeline, pg::TimelineId{4294967295U});
}

TEST(DecodeTickValues, APlaceOfTheControlFileIsWholeOrAbsent) {
  const std::vector<const char*> unreadable{
      "", "0/3000060", "1 ", " 0/1", "0 0/0", "0 0/5", "x 0/1", "1x 0/3000060", "1 0/x"};
  for (const char* text : unreadable) {
    EXPECT_TRUE(tick({{"checkpoint_at", text}}).control_points.empty()) << '"' << text << '"';
  }
  const auto both = tick({{"checkpoint_at", "2 0/50"}, {"min_recovery_at", "3 0/60"}});
  const std::vector<cluster::ControlPoint> places{
      {pg::TimelineId{2}, pg::Lsn{0x50}}, {pg::TimelineId{3}, pg::Lsn{0x60}}};
  EXPECT_EQ(both.control_points, places);
}

TEST(DecodeTickValues, TheSystemIdentifierIsUnsignedAndWhole) {
  EXPECT_EQ(
      tick({{"system_identifier", "18446744073709551615"}}).system_identifier,
      pg::SystemIdentifier{~std::uint64_t{0}}
  );
  for (const char* text : {"", "-5", "18446744073709551616", "7e18"}) {
    EXPECT_EQ(tick({{"system_identifier", text}}).system_identifier, std::nullopt) << text;
  }
}

TEST(DecodeTickValues, AReceiverWithoutADetailLacksThatDetail) {
  const auto reading = tick({
      {"receiver_status", "waiting"},
      {"receiver_sender_host", ""},
      {"receiver_sender_port", "70000"},
      {"receiver_slot_name", std::nullopt},
      {"receiver_flushed", "x"},
      {"receiver_last_msg_send_time", "soon"},
  });
  ASSERT_TRUE(reading.receiver);
  const cluster::WalReceiver& receiver = *reading.receiver;
  EXPECT_EQ(receiver.status, "waiting");
  EXPECT_EQ(receiver.sender_host, std::nullopt) << "an empty text says as much as NULL";
  EXPECT_EQ(receiver.sender_port, std::nullopt) << "no port is that high";
  EXPECT_EQ(receiver.slot_name, std::nullopt);
  EXPECT_EQ(receiver.application_name, std::nullopt);
  EXPECT_EQ(receiver.flushed, std::nullopt);
  EXPECT_EQ(receiver.latest_end, std::nullopt);
  EXPECT_EQ(receiver.last_msg_receipt_time, std::nullopt);
  EXPECT_EQ(receiver.last_msg_send_time, std::nullopt);
}

TEST(DecodeTickValues, AReceiverWithAllItsDetailsHasThem) {
  const auto reading = tick({
      {"receiver_status", "streaming"},
      {"receiver_sender_host", "/run/postgresql"},
      {"receiver_sender_port", "65535"},
      {"receiver_slot_name", "slot_2"},
      {"receiver_application_name", "pg-2"},
      {"receiver_flushed", "0/AA"},
      {"receiver_latest_end", "0/BB"},
      {"receiver_last_msg_receipt_time", "1700000000.5"},
      {"receiver_last_msg_send_time", "1699999999.25"},
  });
  ASSERT_TRUE(reading.receiver);
  const cluster::WalReceiver& receiver = *reading.receiver;
  EXPECT_EQ(receiver.sender_host, "/run/postgresql");
  EXPECT_EQ(receiver.sender_port, 65535);
  EXPECT_EQ(receiver.slot_name, "slot_2");
  EXPECT_EQ(receiver.application_name, "pg-2");
  EXPECT_EQ(receiver.flushed, pg::Lsn{0xAA});
  EXPECT_EQ(receiver.latest_end, pg::Lsn{0xBB});
  EXPECT_EQ(receiver.last_msg_receipt_time, 1700000000.5);
  EXPECT_EQ(receiver.last_msg_send_time, 1699999999.25);
}

TEST(DecodeTickValues, ASenderHasEachOfItsDetails) {
  const auto reading = tick({
      {"sender_pid", "4711"},
      {"sender_application_name", "pg-3"},
      {"sender_client_addr", "10.0.0.3"},
      {"sender_state", "catchup"},
      {"sender_sent", "0/40"},
      {"sender_write", "0/30"},
      {"sender_flush", "0/20"},
      {"sender_replay", "0/10"},
      {"sender_sync_state", "quorum"},
      {"sender_sync_priority", "2"},
      {"sender_write_lag", "0.001"},
      {"sender_flush_lag", "0.002"},
      {"sender_replay_lag", "0.003"},
      {"sender_slot_name", "slot_3"},
      {"sender_slot_type", "physical"},
  });
  ASSERT_EQ(reading.senders.size(), 1U);
  const cluster::WalSender& sender = reading.senders[0];
  EXPECT_EQ(sender.pid, 4711);
  EXPECT_EQ(sender.application_name, "pg-3");
  EXPECT_EQ(sender.client_addr, "10.0.0.3");
  EXPECT_EQ(sender.state, "catchup");
  EXPECT_EQ(sender.sent, pg::Lsn{0x40});
  EXPECT_EQ(sender.write, pg::Lsn{0x30});
  EXPECT_EQ(sender.flush, pg::Lsn{0x20});
  EXPECT_EQ(sender.replay, pg::Lsn{0x10});
  EXPECT_EQ(sender.sync_state, "quorum");
  EXPECT_EQ(sender.sync_priority, 2);
  EXPECT_EQ(sender.write_lag, 0.001);
  EXPECT_EQ(sender.flush_lag, 0.002);
  EXPECT_EQ(sender.replay_lag, 0.003);
  EXPECT_EQ(sender.slot_name, "slot_3");
  EXPECT_EQ(sender.slot_type, "physical");
}

// A base backup has a state and no positions; lags are NULL while nothing is written.
TEST(DecodeTickValues, ASenderWithoutPositionsAndLagsIsASender) {
  const auto reading = tick({
      {"sender_pid", "1"},
      {"sender_state", "backup"},
      {"sender_client_addr", std::nullopt},
      {"sender_replay", std::nullopt},
      {"sender_replay_lag", std::nullopt},
      {"sender_slot_name", ""},
  });
  ASSERT_EQ(reading.senders.size(), 1U);
  EXPECT_EQ(reading.senders[0].client_addr, std::nullopt) << "a Unix socket";
  EXPECT_EQ(reading.senders[0].replay, std::nullopt);
  EXPECT_EQ(reading.senders[0].replay_lag, std::nullopt);
  EXPECT_EQ(reading.senders[0].slot_name, std::nullopt);
  EXPECT_FALSE(reading.senders_hidden);
}

TEST(DecodeTickValues, HiddenSendersAreHiddenBesideOneThatIsSeen) {
  pg::ResultSet rows{{"in_recovery", "server_time", "sender_pid", "sender_state"}};
  const std::vector<std::vector<std::optional<std::string>>> lines{
      {"f", "1", "5", std::nullopt}, {"f", "1", "6", "streaming"}, {"f", "1", "pid", "streaming"}};
  for (const auto& line : lines) {
    for (const auto& value : line) {
      rows.append(value);
    }
  }
  const auto reading = decode_tick(rows);
  ASSERT_TRUE(reading);
  EXPECT_TRUE(reading->senders_hidden);
  ASSERT_EQ(reading->senders.size(), 1U);
  EXPECT_EQ(reading->senders[0].pid, 6);
}

}  // namespace
}  // namespace pgrepl::sampling
