#include "watch/journal.h"

#include "support/captured_log.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace pgrepl::watch {
namespace {

using cluster::EventKind;

class JournalTest : public ::testing::Test {
 protected:
  void note(EventKind kind, const std::string& server, const std::string& message, double at = 1) {
    journal.note("main", {{.kind = kind, .server = server, .message = message}}, at);
  }

  static metrics::PageDrop drop(const std::string& server, const std::string& query) {
    return {
        .server = server,
        .query = query,
        .dropped = {.duplicates = 2, .unreadable = 1, .first_unreadable = "size"}};
  }

  testing::CapturedLog log;
  Journal journal;
};

TEST_F(JournalTest, NothingHasHappenedYet) {
  EXPECT_EQ(journal.events(), nullptr);
  journal.note("main", {}, 1);
  EXPECT_EQ(journal.events(), nullptr);
  EXPECT_TRUE(log.lines().empty());
}

TEST_F(JournalTest, EachEventIsALineWithItsClusterAndServer) {
  note(EventKind::ServerDown, "pg-1", "does not answer");
  note(EventKind::AnomalyBegan, "", "no_primary: nobody answers as a primary");
  ASSERT_EQ(log.lines().size(), 2U);
  EXPECT_TRUE(log.contains("msg=\"does not answer\" cluster=main server=pg-1"));
  EXPECT_TRUE(log.contains("nobody answers as a primary\" cluster=main"));
  EXPECT_EQ(log.count("server="), 1U) << "what concerns the whole cluster names no server";
}

TEST_F(JournalTest, WhatIsWorseIsAWarning) {
  for (const EventKind kind :
       {EventKind::ServerDown,
        EventKind::Failover,
        EventKind::PrimaryChanged,
        EventKind::Rewound,
        EventKind::Rebuilt,
        EventKind::AnomalyBegan,
        EventKind::EndpointNotOk,
        EventKind::PgBouncerDown}) {
    note(kind, "pg-1", "worse");
  }
  for (const EventKind kind :
       {EventKind::ServerUp,
        EventKind::StandbyState,
        EventKind::AnomalyEnded,
        EventKind::EndpointOk,
        EventKind::PgBouncerUp}) {
    note(kind, "pg-1", "better");
  }
  const auto lines = log.lines();
  EXPECT_EQ(lines.size(), 13U);
  for (const std::string& line : lines) {
    const bool worse = line.find("msg=worse") != std::string::npos ||
                       line.find("msg=\"worse\"") != std::string::npos;
    EXPECT_EQ(line.starts_with("warning "), worse) << line;
  }
}

TEST_F(JournalTest, EventsAreKeptInTheirOrderWithTheirTime) {
  note(EventKind::ServerUp, "pg-1", "first", 10);
  note(EventKind::ServerUp, "pg-2", "second", 20);
  const auto events = journal.events()->events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].event.message, "first");
  EXPECT_EQ(events[1].at, 20);
  EXPECT_EQ(events[1].cluster, "main");
}

TEST_F(JournalTest, WhoReadsAnOlderListKeepsIt) {
  note(EventKind::ServerUp, "pg-1", "first");
  const auto before = journal.events();
  note(EventKind::ServerUp, "pg-1", "second");
  EXPECT_EQ(before->events().size(), 1U);
  EXPECT_EQ(journal.events()->events().size(), 2U);
}

TEST_F(JournalTest, OldestEventsGiveWay) {
  for (std::size_t i = 0; i < cluster::EventLog::kCapacity + 5; ++i) {
    note(EventKind::ServerUp, "pg-1", std::to_string(i));
  }
  const auto events = journal.events()->events();
  EXPECT_EQ(events.size(), cluster::EventLog::kCapacity);
  EXPECT_EQ(events.front().event.message, "5");
}

TEST_F(JournalTest, DropsOfAQueryAreALineOnce) {
  for (int page = 0; page < 100; ++page) {
    journal.note_drops({drop("pg-1", "sizes"), drop("pg-2", "sizes")});
  }
  EXPECT_EQ(log.count("samples dropped"), 2U);
  EXPECT_TRUE(log.contains("server=pg-1 query=sizes duplicates=2 unreadable=1 column=size"));
  journal.note_drops({drop("pg-1", "locks")});
  EXPECT_EQ(log.count("samples dropped"), 3U);
  EXPECT_EQ(journal.events(), nullptr) << "a drop is no event";
}

TEST_F(JournalTest, WhatWasToldDoesNotGrowWithoutEnd) {
  for (int i = 0; i < 1500; ++i) {
    journal.note_drops({drop("pg-" + std::to_string(i), "sizes")});
  }
  const std::size_t before = log.count("samples dropped");
  EXPECT_EQ(before, 1500U);
  journal.note_drops({drop("pg-0", "sizes")});
  EXPECT_EQ(log.count("samples dropped"), before + 1) << "said again after so many others";
}

}  // namespace
}  // namespace pgrepl::watch
