#include "catalogue/load.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace pgrepl::catalogue {
namespace {

constexpr const char* kModel = R"(
- { name: tick, feeds: tick, sql: SELECT 1 }
- { name: server_facts, feeds: server_facts, sql: SELECT 1 }
)";

Catalogue load_foreign(const std::string& text) {
  const std::vector<SourceText> files{{"model.yaml", kModel}, {"foreign.yaml", text}};
  auto loaded = load(files);
  EXPECT_TRUE(loaded) << to_string(loaded.error());
  return loaded ? *loaded : Catalogue{};
}

const Query* find_query(const Catalogue& catalogue, const std::string& name) {
  const auto found = std::ranges::find(catalogue.queries, name, &Query::name);
  return found == catalogue.queries.end() ? nullptr : &*found;
}

std::string collector(const std::string& column) {
  return "app_jobs: { ttl: 5, query: SELECT 1 AS age, metrics: [{ age: " + column + " }] }";
}

TEST(ForeignQuery, HistogramWithBoundsCountsRows) {
  const Catalogue loaded = load_foreign(collector("{ usage: HISTOGRAM, bucket: [-1, 0.5, 1e3] }"));
  const Query* query = find_query(loaded, "app_jobs");
  ASSERT_NE(query, nullptr) << to_string(mistakes_of(loaded));
  ASSERT_EQ(query->columns.size(), 1U);
  EXPECT_EQ(query->columns[0].usage, ColumnUsage::Distribution);
  EXPECT_EQ(query->columns[0].family, "app_jobs_age");
  EXPECT_EQ(query->columns[0].bounds, (std::vector<double>{-1, 0.5, 1000}));
}

TEST(ForeignQuery, HistogramWithoutBoundsComesFromArrays) {
  const Catalogue loaded = load_foreign(collector("{ usage: HISTOGRAM }"));
  const Query* query = find_query(loaded, "app_jobs");
  ASSERT_NE(query, nullptr);
  EXPECT_EQ(query->columns.at(0).usage, ColumnUsage::Histogram);
}

TEST(ForeignQuery, BoundsThatDoNotIncreaseAreAMistake) {
  for (const char* bounds : {"[1, 1]", "[2, 1]", "[one]", "[.inf]"}) {
    const Catalogue loaded =
        load_foreign(collector(std::string{"{ usage: HISTOGRAM, bucket: "} + bounds + " }"));
    EXPECT_EQ(find_query(loaded, "app_jobs"), nullptr) << bounds;
    EXPECT_NE(
        to_string(mistakes_of(loaded)).find("bucket: expected increasing numbers"),
        std::string::npos
    ) << to_string(mistakes_of(loaded));
  }
}

TEST(ForeignQuery, TimesBeyondAllMeasureAreAHundredYears) {
  const Catalogue loaded = load_foreign(
      "app_jobs: { ttl: 3e109, timeout: 1e300, query: SELECT 1 AS age, "
      "metrics: [{ age: { usage: GAUGE } }] }"
  );
  const Query* query = find_query(loaded, "app_jobs");
  ASSERT_NE(query, nullptr) << to_string(mistakes_of(loaded));
  constexpr std::chrono::milliseconds kHundredYears{100 * 36525LL * 864'000};
  EXPECT_EQ(query->every, kHundredYears);
  EXPECT_EQ(query->timeout, kHundredYears);
}

TEST(ForeignQuery, RunsInEveryDatabaseOnlyWhereItsExporterDoesSo) {
  constexpr const char* kQuery =
      "app_jobs: { query: SELECT 1 AS n, metrics: [{ n: { usage: GAUGE } }]";
  const Catalogue plain = load_foreign(std::string{kQuery} + " }");
  ASSERT_NE(find_query(plain, "app_jobs"), nullptr);
  EXPECT_TRUE(find_query(plain, "app_jobs")->per_database);

  const Catalogue cloud = load_foreign(std::string{kQuery} + ", predicate_query: SELECT true }");
  ASSERT_NE(find_query(cloud, "app_jobs"), nullptr);
  EXPECT_FALSE(find_query(cloud, "app_jobs")->per_database);
  EXPECT_EQ(find_query(cloud, "app_jobs")->columns.at(0).family, "cnpg_app_jobs_n");
}

TEST(ForeignQuery, ConfigMapIsOfCloudNativePg) {
  const Catalogue loaded = load_foreign(R"(
kind: ConfigMap
data:
  any: |
    app_jobs: { query: SELECT 1 AS n, metrics: [{ n: { usage: GAUGE } }] }
)");
  ASSERT_NE(find_query(loaded, "app_jobs"), nullptr) << to_string(mistakes_of(loaded));
  EXPECT_EQ(find_query(loaded, "app_jobs")->columns.at(0).family, "cnpg_app_jobs_n");
  EXPECT_FALSE(find_query(loaded, "app_jobs")->per_database);
}

TEST(ForeignQuery, VersionsMayBeginWithAZero) {
  const Catalogue loaded = load_foreign(
      "app_jobs: { query: SELECT 1 AS n, min_version: 090400, max_version: 130000, "
      "metrics: [{ n: { usage: GAUGE } }] }"
  );
  ASSERT_NE(find_query(loaded, "app_jobs"), nullptr) << to_string(mistakes_of(loaded));
  EXPECT_EQ(find_query(loaded, "app_jobs")->from_version, 90400);
  EXPECT_EQ(find_query(loaded, "app_jobs")->before_version, 130000);
}

}  // namespace
}  // namespace pgrepl::catalogue
