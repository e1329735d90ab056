#include "catalogue/batch.h"

#include <algorithm>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::catalogue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> texts_of(const Batch& batch) {
  std::vector<std::string> texts;
  std::ranges::transform(batch.statements, std::back_inserter(texts), &pg::Statement::text);
  return texts;
}

TEST(MakeBatch, PlacesTellWhichResultIsWhose) {
  const Query own{.name = "own"};
  const Query custom{.name = "custom", .search_path = SearchPath::PgCatalogAndPublic};
  const pg::Statement own_sql = "OWN";
  const pg::Statement custom_sql = "CUSTOM";
  const auto batch = make_batch("TICK", {{&custom, &custom_sql}, {&own, &own_sql}}, 2s);
  EXPECT_THAT(
      texts_of(batch),
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
  const pg::Statement sql = "X";
  const auto batch = make_batch("TICK", {{&quick, &sql}, {&patient, &sql}}, 2s);
  EXPECT_THAT(
      texts_of(batch),
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
