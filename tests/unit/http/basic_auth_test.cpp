#include "http/basic_auth.h"

#include <algorithm>
#include <chrono>

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
  const auto fastest = [&](const char* header) {
    auto least = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; ++i) {
      const auto began = std::chrono::steady_clock::now();
      EXPECT_FALSE(auth.admits(header, users));
      least = std::min(least, std::chrono::steady_clock::now() - began);
    }
    return std::chrono::duration<double>{least}.count();
  };
  const double cheap = fastest("Basic YWxpY2U6d3Jvbmc=");   // alice:wrong
  const double costly = fastest("Basic Y2Fyb2w6d3Jvbmc=");  // carol:wrong
  const double unknown = fastest("Basic Ym9iOndyb25n");     // bob:wrong
  EXPECT_LT(std::max({cheap, costly, unknown}), 3 * std::min({cheap, costly, unknown}));
}

}  // namespace
}  // namespace pgrepl::http
