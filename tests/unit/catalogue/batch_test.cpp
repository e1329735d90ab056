#include "catalogue/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::catalogue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(MakeBatch, PlacesTellWhichResultIsWhose) {
  const Query own{.name = "own"};
  const Query custom{.name = "custom", .search_path = SearchPath::PgCatalogAndPublic};
  const std::string own_sql = "OWN";
  const std::string custom_sql = "CUSTOM";
  const auto batch = make_batch("TICK", {{&custom, &custom_sql}, {&own, &own_sql}}, 2s);
  EXPECT_THAT(
      batch.statements,
      ElementsAre(
          "TICK",
          "OWN",
          HasSubstr("'search_path', 'pg_catalog, public'"),
          "CUSTOM",
          HasSubstr("'search_path', 'pg_catalog'")
      )
  );
  EXPECT_THAT(batch.places, ElementsAre(3, 1));
}

TEST(MakeBatch, ShorterTimeoutHoldsForItsQueryAlone) {
  const Query quick{.name = "quick", .timeout = 100ms};
  const Query patient{.name = "patient", .timeout = 1min};
  const std::string sql = "X";
  const auto batch = make_batch("TICK", {{&quick, &sql}, {&patient, &sql}}, 2s);
  EXPECT_THAT(
      batch.statements,
      ElementsAre(
          "TICK",
          HasSubstr("'statement_timeout', '100'"),
          "X",
          HasSubstr("'statement_timeout', '2000'"),
          "X"
      )
  );
  EXPECT_THAT(batch.places, ElementsAre(2, 4));
}

}  // namespace
}  // namespace pgrepl::catalogue
