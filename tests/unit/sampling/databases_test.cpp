#include "catalogue/databases.h"

#include "catalogue/select.h"
#include "sampling/database_walk.h"

#include <gtest/gtest.h>

namespace pgrepl::catalogue {
namespace {

Query about_database() {
  return {
      .name = "tables",
      .runs_on = {Role::Primary, Role::Standby},
      .per_database = true,
      .variants = {{.versions = {}, .sql = "SELECT 1"}},
  };
}

TEST(Databases, WithoutAnyIncludedAQueryStaysInTheConnections) {
  EXPECT_FALSE(is_walked(about_database(), {}));
  EXPECT_TRUE(is_walked(about_database(), {.include = {"*"}, .exclude = {}}));
  Query about_server = about_database();
  about_server.per_database = false;
  EXPECT_FALSE(is_walked(about_server, {.include = {"*"}, .exclude = {}}));
}

TEST(Databases, AQuerysOwnWinOverThoseOfAll) {
  Query query = about_database();
  query.databases = {"app_*"};
  const Databases databases{.include = {"*"}, .exclude = {"*_test"}};
  EXPECT_TRUE(is_walked(query, {}));
  EXPECT_TRUE(runs_in(query, databases, "app_1"));
  EXPECT_FALSE(runs_in(query, databases, "postgres"));
  EXPECT_FALSE(runs_in(query, databases, "app_test"));
}

TEST(Databases, AreNamedByALabelOnce) {
  Query labelled = about_database();
  labelled.name = "labelled";
  labelled.columns = {{.name = "db", .usage = ColumnUsage::Label, .family = "datname"}};
  Catalogue catalogue{.queries = {about_database(), labelled}, .broken = {}, .user_files = {}};
  name_databases(catalogue, {});
  EXPECT_TRUE(catalogue.queries[0].columns.empty());
  name_databases(catalogue, {.include = {"*"}, .exclude = {}});
  ASSERT_EQ(catalogue.queries[0].columns.size(), 1U);
  EXPECT_EQ(catalogue.queries[0].columns[0].family, "datname");
  EXPECT_EQ(catalogue.queries[1].columns.size(), 1U);
}

TEST(Databases, AreAskedOnceAMinuteAtMost) {
  const Catalogue catalogue{.queries = {about_database()}, .broken = {}, .user_files = {}};
  const ServerProfile server{.version = pg::ServerVersion{150000}, .role = Role::Primary};
  const Switches switches{
      .enabled = {}, .disabled = {}, .databases = {.include = {"*"}, .exclude = {}}};
  const Instant start{std::chrono::hours{1}};
  const LastRuns ran{{"tables", start}};
  const auto due = [&](int seconds, Reach reach) {
    return select_due(
               catalogue, server, switches, ran, start + std::chrono::seconds{seconds}, reach
    )
        .size();
  };
  EXPECT_EQ(due(30, Reach::Databases), 0U);
  EXPECT_EQ(due(60, Reach::Databases), 1U);
  EXPECT_EQ(due(60, Reach::Connection), 0U);
}

TEST(Databases, BeyondAHundredAreLeftOutAndCounted) {
  const Query query = about_database();
  const pg::Statement sql = "SELECT 1";
  std::vector<std::string> all;
  for (int i = 0; i < 103; ++i) {
    all.push_back("app_" + std::to_string(i));
  }
  all.emplace_back("other");
  const auto route =
      sampling::plan_route(all, {{&query, &sql}}, {.include = {"app_*"}, .exclude = {}});
  EXPECT_EQ(route.databases.size(), 100U);
  EXPECT_EQ(route.left_out, 3U);
}

}  // namespace
}  // namespace pgrepl::catalogue
