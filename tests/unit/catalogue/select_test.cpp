#include "catalogue/select.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::catalogue {
namespace {

using namespace std::chrono_literals;
using testing::instant;

Catalogue catalogue() {
  Query everywhere{.name = "everywhere", .runs_on = {Role::Primary, Role::Standby}};
  everywhere.variants = {{{.first = 13, .last = 16}, "old"}, {{.first = 17}, "new"}};
  Query standbys{.name = "standbys", .runs_on = {Role::Standby}, .every = 15s};
  standbys.variants = {{{.first = 13}, "standby"}};
  Query since16{.name = "since16", .runs_on = {Role::Primary}};
  since16.variants = {{{.first = 16}, "sixteen"}};
  Query tick{.name = "tick", .runs_on = {Role::Primary, Role::Standby}, .feeds = Feeds::Tick};
  tick.variants = {{{.first = 13}, "tick"}};
  return {{everywhere, standbys, since16, tick}};
}

std::vector<std::string> selected(
    int major, Role role, const std::set<std::string>& disabled = {}, const LastRuns& last = {}
) {
  const Catalogue all = catalogue();
  std::vector<std::string> sql;
  const ServerProfile server{pg::ServerVersion{major * 10000 + 1}, role};
  for (const DueQuery& due :
       select_due(all, server, {.enabled = {}, .disabled = disabled}, last, instant(100))) {
    sql.push_back(*due.sql);
  }
  return sql;
}

using Texts = std::vector<std::string>;

TEST(SelectDue, TakesTheVariantOfTheVersion) {
  EXPECT_EQ(selected(13, Role::Primary), Texts({"old"}));
  EXPECT_EQ(selected(17, Role::Primary), Texts({"new", "sixteen"}));
}

TEST(SelectDue, MajorBeyondTheNewestIsServedLikeIt) {
  EXPECT_EQ(selected(21, Role::Primary), Texts({"new", "sixteen"}));
}

TEST(SelectDue, TakesWhatRunsOnTheRole) {
  EXPECT_EQ(selected(16, Role::Standby), Texts({"old", "standby"}));
}

TEST(SelectDue, LeavesOutWhatIsDisabled) {
  EXPECT_EQ(selected(16, Role::Standby, {"everywhere"}), Texts({"standby"}));
}

TEST(SelectDue, WaitsForTheIntervalOfAQuery) {
  EXPECT_EQ(selected(16, Role::Standby, {}, {{"standbys", instant(90)}}), Texts({"old"}));
  EXPECT_EQ(
      selected(16, Role::Standby, {}, {{"standbys", instant(85)}}), Texts({"old", "standby"})
  );
}

}  // namespace
}  // namespace pgrepl::catalogue
