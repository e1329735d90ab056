#include "session/libpq_facts.h"

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
  const bool lacks = describe_libpq().find("without require_auth") != std::string::npos;
  EXPECT_EQ(lacks, PQlibVersion() < 160000);
  const bool lacks_negotiation = describe_libpq().find("sslnegotiation") != std::string::npos;
  EXPECT_EQ(lacks_negotiation, PQlibVersion() < 170000);
}

}  // namespace
}  // namespace pgrepl::session
