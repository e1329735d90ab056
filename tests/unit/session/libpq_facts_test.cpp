#include "session/libpq_facts.h"

#include "pg/newer_keywords.h"
#include "session/libpq.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

using ::testing::StartsWith;

TEST(DescribeLibpq, NamesTheMajorThatIsLoaded) {
  EXPECT_THAT(
      describe_libpq(), StartsWith("libpq " + std::to_string(PQlibVersion() / 10000) + ".")
  );
}

TEST(DescribeLibpq, SaysWhatThisOneLacks) {
  for (const pg::NewerKeyword& newer : pg::kNewerKeywords) {
    const bool lacks = describe_libpq().find(newer.keyword) != std::string::npos;
    EXPECT_EQ(lacks, PQlibVersion() < newer.since * 10000) << newer.keyword;
    EXPECT_EQ(lacks, !knows_parameter(newer.keyword)) << newer.keyword;
  }
}

}  // namespace
}  // namespace pgrepl::session
