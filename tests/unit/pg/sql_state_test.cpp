#include "pg/sql_state.h"

#include <utility>

#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

TEST(SqlState, TellsAMonitorWhatItMeans) {
  constexpr std::pair<const char*, FailureReason> kMeanings[] = {
      {"28P01", FailureReason::Auth},
      {"28000", FailureReason::Auth},
      {"53300", FailureReason::TooManyConnections},
      {"57P03", FailureReason::StartingUp},
      {"57P01", FailureReason::ShuttingDown},
      {"57P02", FailureReason::ShuttingDown},
      {"57014", FailureReason::Timeout},
      {"55P03", FailureReason::Timeout},
      {"42501", FailureReason::Permission},
      {"42P01", FailureReason::Other},
      {"", FailureReason::Other},
  };
  for (const auto& [sqlstate, reason] : kMeanings) {
    EXPECT_EQ(classify_sql_state(sqlstate), reason) << sqlstate;
  }
}

TEST(SqlState, ASessionEndsWithItsConnectionOrServerButNotWithAStatement) {
  for (const char* ending : {"08006", "57P01", "57P02", "57P03"}) {
    EXPECT_TRUE(ends_session(ending)) << ending;
  }
  for (const char* going_on : {"57014", "42501", "55P03", ""}) {
    EXPECT_FALSE(ends_session(going_on)) << going_on;
  }
}

TEST(FailureReason, HasTheNamesThatAreExported) {
  EXPECT_EQ(to_string(FailureReason::TooManyConnections), "too_many_connections");
  EXPECT_EQ(to_string(FailureReason::StartingUp), "starting_up");
  EXPECT_EQ(to_string(FailureReason::Unsupported), "unsupported");
  EXPECT_EQ(to_string(FailureReason::Other), "other");
}

}  // namespace
}  // namespace pgrepl::pg
