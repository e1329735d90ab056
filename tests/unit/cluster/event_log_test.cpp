#include "cluster/event_log.h"

#include <string>

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

LoggedEvent numbered(std::size_t number) {
  return {
      .at = static_cast<double>(number),
      .cluster = "c",
      .event = {EventKind::ServerDown, "pg-" + std::to_string(number), "does not answer"},
  };
}

TEST(EventLog, KeepsEventsInTheirOrder) {
  EventLog log;
  log.note(numbered(1));
  log.note(numbered(2));
  ASSERT_EQ(log.events().size(), 2U);
  EXPECT_EQ(log.events().front(), numbered(1));
  EXPECT_EQ(log.events().back(), numbered(2));
}

TEST(EventLog, OldestGivesWayWhenItIsFull) {
  EventLog log;
  for (std::size_t i = 0; i < EventLog::kCapacity + 5; ++i) {
    log.note(numbered(i));
  }
  EXPECT_EQ(log.events().size(), EventLog::kCapacity);
  EXPECT_EQ(log.events().front(), numbered(5));
  EXPECT_EQ(log.events().back(), numbered(EventLog::kCapacity + 4));
}

}  // namespace
}  // namespace pgrepl::cluster
