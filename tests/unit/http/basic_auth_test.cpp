#include "http/basic_auth.h"

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

}  // namespace
}  // namespace pgrepl::http
