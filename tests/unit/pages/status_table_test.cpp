#include "pages/status_table.h"

#include "pages/api_json.h"
#include "unit/pages/picture_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::pages {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StatusTable table_of(const WatchedCluster& watched, Colours colours = Colours::None) {
  return status_table(clusters_json(picture_of({watched})), colours).value();
}

WatchedCluster dated(WatchedCluster made) {
  for (cluster::Server& server : made.cluster.servers) {
    server.sample.facts->version = {.number = 150008};
    server.sample.tick->reading.postmaster_start_time =
        server.sample.tick->reading.server_time - 200;
  }
  return made;
}

TEST(StatusTable, HasARowForEachServer) {
  const StatusTable table = table_of(dated(lagging_pair(5, 2048)));
  EXPECT_TRUE(table.healthy);
  EXPECT_EQ(
      table.text,
      "c: healthy\n"
      "  SERVER  ROLE     UPSTREAM  STATE      LAG  BYTES  TL  SLOT  VERSION      UPTIME\n"
      "  pg-1    primary  –         –            –      –   1  –     15.8     3 min 20 s\n"
      "  pg-2    standby  pg-1      streaming  5 s   2 kB   1  pg_2  15.8     3 min 20 s\n"
  );
}

TEST(StatusTable, SaysWhatIsWrongAndWhichServerIsDown) {
  const StatusTable table = table_of(watched("c", {primary("a").at("0/1"), standby("b").down()}));
  EXPECT_FALSE(table.healthy);
  EXPECT_THAT(table.text, HasSubstr("c: unhealthy\n"));
  EXPECT_THAT(
      table.text, HasSubstr("  critical: b has never answered (refused): connection refused\n")
  );
  EXPECT_THAT(table.text, HasSubstr("down: refused"));
}

TEST(StatusTable, OneUnhealthyClusterIsEnough) {
  const auto document = clusters_json(picture_of({healthy_pair(), watched("d", {standby("x")})}));
  const auto table = status_table(document, Colours::None);
  EXPECT_FALSE(table->healthy);
  EXPECT_THAT(table->text, HasSubstr("\n\nd: unhealthy\n"));
}

TEST(StatusTable, ColoursAreForThoseWhoWantThem) {
  EXPECT_THAT(table_of(healthy_pair()).text, Not(HasSubstr("\033")));
  const StatusTable table = table_of(healthy_pair(), Colours::Ansi);
  EXPECT_THAT(table.text, HasSubstr("c: \033[32mhealthy\033[0m\n"));
  EXPECT_THAT(table.text, HasSubstr("\033[32mstreaming\033[0m"));
}

TEST(StatusTable, NamesCannotSteerTheTerminal) {
  const auto made = watched(
      "c\033[2J",
      {primary("a\r\nb\x7f\xc2\x9b"
               "31m")
           .at("0/1")}
  );
  const StatusTable table = table_of(made);
  EXPECT_THAT(table.text, HasSubstr("c?[2J: "));
  EXPECT_THAT(table.text, HasSubstr("a??b??31m"));
}

TEST(StatusTable, WhatIsNoSuchAnswerIsAnError) {
  for (const char* text : {"", "<html>", "[]", "{}", R"({"clusters": 1})"}) {
    EXPECT_FALSE(status_table(text, Colours::None)) << text;
  }
}

TEST(StatusTable, MembersThatAreMissingAreDashes) {
  const auto table =
      status_table(R"({"clusters": [{"name": 1, "servers": [{}, 5]}]})", Colours::None);
  ASSERT_TRUE(table);
  EXPECT_FALSE(table->healthy);
  EXPECT_THAT(table->text, HasSubstr("1: –\n"));
}

}  // namespace
}  // namespace pgrepl::pages
