#include "metrics/selection.h"

#include "metrics/example_cluster.h"
#include "metrics/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

catalogue::Query query(const std::string& name) {
  catalogue::Query made{.name = name};
  made.columns = {{"n", catalogue::ColumnUsage::Gauge, "N", "pg_" + name + "_n"}};
  return made;
}

std::string page_of(const Selection& selection) {
  const ExampleCluster example = example_cluster();
  const catalogue::Query things = query("things");
  const catalogue::Query others = query("others");
  pg::ResultSet rows{{"n"}};
  rows.append("1");
  const ServerPage server{
      .name = "pg-1",
      .queries = {{&things, &rows, 0}, {&others, &rows, 0}},
      .broken_queries = {"worn"}};
  const std::vector<ClusterPage> clusters{
      {.cluster = &example.cluster, .configured = &example.configured, .servers = {server}}};
  return render_page(clusters, {}, {.now = {}, .wall_clock_now = 0}, selection).text;
}

TEST(Selection, OfNothingIsTheWholePage) {
  const std::string page = page_of({});
  for (const char* part :
       {"pg_things_n", "pg_others_n", "pg_up{", "pg_exporter_build_info", "collector=\"worn\""}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
}

TEST(Selection, OfQueriesHasThemAlone) {
  const std::string page = page_of({{"thin*", "worn"}});
  EXPECT_THAT(page, HasSubstr("pg_things_n"));
  EXPECT_THAT(page, HasSubstr("collector=\"things\""));
  EXPECT_THAT(page, HasSubstr("collector=\"worn\""));
  for (const char* part : {"pg_others_n", "collector=\"others\"", "pg_up{", "build_info"}) {
    EXPECT_THAT(page, Not(HasSubstr(part)));
  }
}

TEST(Selection, OfTheClusterOrTheExporter) {
  const std::string cluster = page_of({{"cluster"}});
  EXPECT_THAT(cluster, HasSubstr("pg_up{"));
  EXPECT_THAT(cluster, Not(HasSubstr("build_info")));
  EXPECT_THAT(cluster, Not(HasSubstr("pg_things_n")));
  const std::string exporter = page_of({{"exporter"}});
  EXPECT_THAT(exporter, HasSubstr("build_info"));
  EXPECT_THAT(exporter, Not(HasSubstr("pg_up{")));
}

TEST(Selection, OfAnUnknownGroupIsAMistake) {
  catalogue::Catalogue catalogue;
  catalogue.queries.push_back(query("settings"));
  EXPECT_FALSE(find_mistake({}, catalogue));
  EXPECT_FALSE(find_mistake({{"settings", "cluster", "exporter", "set*"}}, catalogue));
  EXPECT_THAT(
      find_mistake({{"setings"}}, catalogue).value_or(""),
      HasSubstr("no group 'setings'; did you mean 'settings'?")
  );
  EXPECT_THAT(find_mistake({{"z*"}}, catalogue).value_or(""), HasSubstr("groups are the labels"));
}

}  // namespace
}  // namespace pgrepl::metrics
