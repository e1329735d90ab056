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
    sql.push_back(due.sql->text());
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

TEST(SelectDue, QueryOfOneRoleWaitsUntilTheRoleIsKnown) {
  const Catalogue all = catalogue();
  const ServerProfile unknown{pg::ServerVersion{160001}, std::nullopt};
  const auto due = select_due(all, unknown, {}, {}, instant(0));
  EXPECT_FALSE(applies(*all.find("standbys"), unknown, {}));
  EXPECT_EQ(due.size(), 1U);
}

TEST(SelectDue, TakesWhatIsOffOnlyWhenItIsEnabled) {
  Catalogue all = catalogue();
  all.queries[0].enabled = false;
  const ServerProfile server{pg::ServerVersion{130001}, Role::Primary};
  EXPECT_TRUE(select_due(all, server, {}, {}, instant(0)).empty());
  EXPECT_EQ(
      select_due(all, server, {.enabled = {"everywhere"}, .disabled = {}}, {}, instant(0)).size(),
      1U
  );
}

TEST(SelectDue, VersionNumbersBoundAQuery) {
  Query query{.name = "q", .runs_on = {Role::Primary}, .from_version = 130004};
  query.before_version = 150000;
  query.variants = {{{.first = 0}, "sql"}};
  const auto on = [&query](int version) {
    return applies(query, {pg::ServerVersion{version}, Role::Primary}, {});
  };
  EXPECT_FALSE(on(130003));
  EXPECT_TRUE(on(130004));
  EXPECT_TRUE(on(140099));
  EXPECT_FALSE(on(150000));
}

TEST(SelectDue, LeavesOutWhatIsDisabled) {
  EXPECT_EQ(selected(16, Role::Standby, {"everywhere"}), Texts({"standby"}));
}

TEST(SelectDue, WaitsForTheIntervalOfAQuery) {
  EXPECT_EQ(selected(16, Role::Standby, {}, {{"standbys", instant(90)}}), Texts({"old"}));
  EXPECT_EQ(
      selected(16, Role::Standby, {}, {{"standbys", instant(86)}}), Texts({"old", "standby"})
  );
}

}  // namespace
}  // namespace pgrepl::catalogue
