#include "metrics/pgbouncer_families.h"

#include "exposition/exposition.h"

#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

using Cells = std::vector<std::string>;

pg::ResultSet table(Cells columns, const Cells& cells) {
  pg::ResultSet made{std::move(columns)};
  for (const std::string& cell : cells) {
    made.append(cell);
  }
  return made;
}

// The samples of the page without comments.
std::string page_of(const cluster::PgBouncerStatus& status) {
  Families families;
  add_pgbouncer_families(status, {{"cluster", "c"}}, families);
  const std::string page = render(std::move(families).take());
  std::string samples;
  for (std::size_t begin = 0; begin < page.size();) {
    const std::size_t end = page.find('\n', begin);
    if (page[begin] != '#') {
      samples += page.substr(begin, end + 1 - begin);
    }
    begin = end + 1;
  }
  return samples;
}

cluster::PgBouncerStatus answering(cluster::PgBouncerReading reading) {
  return {
      .probe = {.name = "b", .reading = std::move(reading), .failure = std::nullopt}, .routes = {}};
}

constexpr const char* kUp = "pgbouncer_up{cluster=\"c\",pgbouncer=\"b\"} 1\n";

TEST(PgBouncerFamilies, OneThatWasNotTriedHasNoSeries) {
  EXPECT_EQ(page_of({.probe = {.name = "b", .reading = {}, .failure = {}}, .routes = {}}), "");
}

TEST(PgBouncerFamilies, SilentOneIsDownAndNothingElse) {
  const cluster::Failure late{pg::FailureReason::Timeout, "late"};
  EXPECT_EQ(
      page_of({.probe = {.name = "b", .reading = {}, .failure = late}, .routes = {}}),
      "pgbouncer_up{cluster=\"c\",pgbouncer=\"b\"} 0\n"
  );
}

TEST(PgBouncerFamilies, TheLongestWaitHasItsMicroseconds) {
  cluster::PgBouncerReading reading;
  reading.pools = table({"database", "user", "maxwait", "maxwait_us"}, {"app", "u", "2", "250000"});
  const std::string series =
      "pgbouncer_pools_client_maxwait_seconds{cluster=\"c\",pgbouncer=\"b\",database=\"app\","
      "user=\"u\"} ";
  EXPECT_EQ(page_of(answering(reading)), kUp + series + "2.25\n");
  reading.pools = table({"database", "user", "maxwait"}, {"app", "u", "2"});
  EXPECT_EQ(page_of(answering(reading)), kUp + series + "2\n");
}

TEST(PgBouncerFamilies, StatisticsAreInSeconds) {
  cluster::PgBouncerReading reading;
  reading.stats = table({"database", "total_wait_time", "avg_wait_time"}, {"app", "1500000", "7"});
  EXPECT_EQ(
      page_of(answering(reading)),
      std::string{kUp} +
          "pgbouncer_stats_client_wait_seconds_total{cluster=\"c\",pgbouncer=\"b\","
          "database=\"app\"} 1.5\n"
  );
}

TEST(PgBouncerFamilies, EitherNameOfTheReserveIsRead) {
  for (const char* column : {"reserve_pool", "reserve_pool_size"}) {
    cluster::PgBouncerReading reading;
    reading.databases = table({"name", column}, {"app", "3"});
    EXPECT_EQ(
        page_of(answering(reading)),
        std::string{kUp} +
            "pgbouncer_databases_reserve_pool{cluster=\"c\",pgbouncer=\"b\",name=\"app\",host=\"\","
            "port=\"\",database=\"\",force_user=\"\",pool_mode=\"\"} 3\n"
    );
  }
}

TEST(PgBouncerFamilies, ListsAndSettingsAreReadByName) {
  cluster::PgBouncerReading reading;
  reading.lists = table({"list", "items"}, {"used_clients", "4", "of_the_future", "5"});
  reading.config = table(
      {"key", "value", "default", "changeable"},
      {"max_client_conn", "100", "100", "yes", "pool_mode", "session", "session", "yes"}
  );
  EXPECT_EQ(
      page_of(answering(reading)),
      std::string{kUp} + "pgbouncer_used_clients{cluster=\"c\",pgbouncer=\"b\"} 4\n" +
          "pgbouncer_config_max_client_connections{cluster=\"c\",pgbouncer=\"b\"} 100\n"
  );
}

TEST(PgBouncerFamilies, WhereItLeadsIsExportedAsFarAsItIsKnown) {
  auto status = answering({});
  status.routes = {
      {.database = "app", .servers = {"pg-1"}, .leads_to_primary = true, .evidence = ""},
      {.database = "far", .servers = {}, .leads_to_primary = std::nullopt, .evidence = ""}};
  EXPECT_EQ(
      page_of(status),
      std::string{kUp} +
          "pgbouncer_databases_server_info{cluster=\"c\",pgbouncer=\"b\",name=\"app\","
          "server=\"pg-1\"} 1\n"
          "pgbouncer_databases_leads_to_primary{cluster=\"c\",pgbouncer=\"b\",name=\"app\"} 1\n"
  );
}

}  // namespace
}  // namespace pgrepl::metrics
