#include "http/basic_auth.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <map>

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

// Of "secret", at the lowest cost there is.
const std::map<std::string, pg::Secret> kUsers{
    {"alice", pg::Secret{"$2y$04$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS"}}};

TEST(ParseBasicAuthorization, UserEndsAtTheFirstColon) {
  const Login login = parse_basic_authorization("Basic YWxpY2U6YTpi");
  EXPECT_EQ(login.user, "alice");
  EXPECT_EQ(login.password, "a:b");
}

TEST(ParseBasicAuthorization, SchemeIsInAnyCase) {
  EXPECT_EQ(parse_basic_authorization("bAsIc  YWxpY2U6cw==").password, "s");
}

TEST(ParseBasicAuthorization, WhatIsSomethingElseIsNoLogin) {
  for (const std::string_view header :
       {"",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YWxpY2U",
        "Basic YWxpY2U=",
        "Bearer YWxpY2U6cw==",
        "Basic YWxpY2U6c2VjcmV0AA=="}) {
    EXPECT_EQ(parse_basic_authorization(header).user, "") << header;
  }
}

TEST(BasicAuth, AdmitsTheRightPasswordAndNoOther) {
  BasicAuth auth;
  EXPECT_TRUE(auth.admits("Basic YWxpY2U6c2VjcmV0", kUsers));
  EXPECT_TRUE(auth.admits("Basic YWxpY2U6c2VjcmV0", kUsers)) << "the second time";
  EXPECT_FALSE(auth.admits("Basic YWxpY2U6c2VjcmV1", kUsers));
  EXPECT_FALSE(auth.admits("Basic Ym9iOnNlY3JldA==", kUsers)) << "bob is not known";
  EXPECT_FALSE(auth.admits("", kUsers));
}

TEST(BasicAuth, LoginThatWasTakenAwayIsRefusedAtOnce) {
  BasicAuth auth;
  EXPECT_TRUE(auth.admits("Basic YWxpY2U6c2VjcmV0", kUsers));
  EXPECT_FALSE(auth.admits("Basic YWxpY2U6c2VjcmV0", {}));
}

TEST(BasicAuth, OnlyALoginThatIsNotProvenMustBeComputed) {
  BasicAuth auth;
  EXPECT_FALSE(auth.must_compute("Bearer x", kUsers));
  EXPECT_TRUE(auth.must_compute("Basic YWxpY2U6c2VjcmV0", kUsers));
  EXPECT_TRUE(auth.must_compute("Basic Ym9iOnNlY3JldA==", kUsers));
  EXPECT_TRUE(auth.admits("Basic YWxpY2U6c2VjcmV0", kUsers));
  EXPECT_FALSE(auth.must_compute("Basic YWxpY2U6c2VjcmV0", kUsers));
}

// Users' hashes at two costs: 2^4 and 2^9 steps. Each login computes both, whoever it names.
TEST(BasicAuth, TimeTellsNoNamesWhateverTheCosts) {
  std::map<std::string, pg::Secret> users = kUsers;
  users.emplace(
      "carol", pg::Secret{"$2y$09$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS"}
  );
  BasicAuth auth;
  // alice:wrong, carol:wrong and bob:wrong, in turn, since the machine may be busy at any moment.
  // The least time of each only falls; costs that differ by 16 never come together.
  const std::array headers{
      "Basic YWxpY2U6d3Jvbmc=", "Basic Y2Fyb2w6d3Jvbmc=", "Basic Ym9iOndyb25n"};
  std::array<double, 3> least;
  least.fill(std::numeric_limits<double>::infinity());
  const auto are_alike = [&least] { return std::ranges::max(least) < 3 * std::ranges::min(least); };
  for (int round = 0; round < 30 && (round < 2 || !are_alike()); ++round) {
    for (std::size_t i = 0; i < headers.size(); ++i) {
      const auto began = std::chrono::steady_clock::now();
      EXPECT_FALSE(auth.admits(headers.at(i), users));
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
      least.at(i) = std::min(least.at(i), took.count());
    }
  }
  EXPECT_TRUE(are_alike()) << least[0] << ' ' << least[1] << ' ' << least[2];
}

TEST(ParseBasicAuthorization, IsStrictAboutItsText) {
  using namespace std::string_literals;
  EXPECT_EQ(parse_basic_authorization("Basic YTo=").user, "a");
  EXPECT_EQ(parse_basic_authorization("Basic YTo=").password, "");
  EXPECT_EQ(parse_basic_authorization("Basic OmI=").password, "b");
  EXPECT_EQ(parse_basic_authorization("Basic Og==").user, "") << "neither name nor password";
  for (const std::string& header :
       {"Basic ===="s,
        "Basic \t\t\t\t===="s,
        "Basic ====\t\t\t\t"s,
        "Basic \t\t\t\t"s,
        "Basic Y==="s,
        "Basic YT=o"s,
        "Basic YWxpY2U6c2VjcmV0 YWxpY2U6c2VjcmV0"s,
        "Basic,YTpi"s,
        "BasicYTpi"s,
        "Basic YTpi\0"s,
        " Basic YTpi"s,
        "Basic " + std::string(4096, 'Y')}) {
    const Login login = parse_basic_authorization(header);
    EXPECT_EQ(login.user + login.password, "") << header;
  }
}

TEST(BasicAuth, EmptyLoginIsNobodyEvenWhereNobodyIsKnown) {
  BasicAuth auth;
  EXPECT_FALSE(auth.admits("Basic Og==", {}));
  EXPECT_FALSE(auth.admits("Basic Og==", kUsers));
  EXPECT_FALSE(auth.must_compute("Basic Og==", kUsers));
  EXPECT_FALSE(auth.must_compute("", kUsers));
}

TEST(BasicAuth, NewHashAsksForTheNewPassword) {
  BasicAuth auth;
  EXPECT_TRUE(auth.admits("Basic YWxpY2U6c2VjcmV0", kUsers));
  // Of another password.
  const std::map<std::string, pg::Secret> changed{
      {"alice", pg::Secret{"$2y$04$WUDfWUDfWUDfWUDfWUDfWOVAe5NOofe.dfUh3AFLm1.LBsOwh5ROy"}}};
  EXPECT_TRUE(auth.must_compute("Basic YWxpY2U6c2VjcmV0", changed));
  EXPECT_FALSE(auth.admits("Basic YWxpY2U6c2VjcmV0", changed));
}

TEST(BasicAuth, NameOfOneWithThePasswordOfAnotherIsRefused) {
  BasicAuth auth;
  std::map<std::string, pg::Secret> users = kUsers;
  users.emplace("bob", pg::Secret{"$2y$04$WUDfWUDfWUDfWUDfWUDfWOVAe5NOofe.dfUh3AFLm1.LBsOwh5ROy"});
  EXPECT_TRUE(auth.admits("Basic YWxpY2U6c2VjcmV0", users));
  EXPECT_FALSE(auth.admits("Basic Ym9iOnNlY3JldA==", users));
  EXPECT_FALSE(auth.admits("Basic QWxpY2U6c2VjcmV0", users)) << "Alice is not alice";
}

// Hashes that no crypt() takes match nothing, and end nothing.
TEST(BasicAuth, BrokenHashAdmitsNobody) {
  BasicAuth auth;
  for (const char* hash :
       {"$2y$04$short", "$2y$99$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS"}) {
    EXPECT_FALSE(auth.admits("Basic YWxpY2U6c2VjcmV0", {{"alice", pg::Secret{hash}}})) << hash;
  }
}

}  // namespace
}  // namespace pgrepl::http
