#include "session/whole_uri.h"

#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

std::string whole(std::string_view text) {
  const auto uri = whole_uri(text);
  return uri ? *uri : "error: " + uri.error();
}

TEST(WholeUri, LastAtSignEndsThePassword) {
  EXPECT_EQ(whole("postgresql://u:a@b@host/db"), "postgresql://u:a%40b@host/db");
  EXPECT_EQ(whole("postgres://u:@@@@host"), "postgres://u:%40%40%40@host");
  EXPECT_EQ(
      whole("postgresql://user@server:pw@host:5433"), "postgresql://user%40server:pw@host:5433"
  );
  EXPECT_EQ(whole("postgresql://u:a@b@h1:1,h2:2/db?x=y"), "postgresql://u:a%40b@h1:1,h2:2/db?x=y");
  EXPECT_EQ(whole("postgresql://u:a@b@[::1]:5432/"), "postgresql://u:a%40b@[::1]:5432/");
}

TEST(WholeUri, LeavesEverythingElseAsItIs) {
  for (const char* text :
       {"host=a password=x@y@z",
        "",
        "postgresql://",
        "postgresql:///db",
        "postgresql://host",
        "postgresql://u@host/db",
        "postgresql://u:a%40b@host/db?options=-c%20a=b",
        "postgresql:///?host=/tmp"}) {
    EXPECT_EQ(whole(text), text);
  }
}

TEST(WholeUri, QuestionMarkMayBeALetterOfThePassword) {
  EXPECT_EQ(whole("postgresql://u:a?b@c@host/db"), "postgresql://u:a?b%40c@host/db");
  EXPECT_EQ(whole("postgresql://u@e:a?b@host"), "postgresql://u%40e:a?b@host");
}

TEST(WholeUri, AtSignOfAParameterIsNotTheEndOfAPassword) {
  EXPECT_EQ(whole("postgresql://host?user=a@b"), "postgresql://host?user=a%40b");
  EXPECT_EQ(whole("postgresql://host:5432?user=a@b"), "postgresql://host:5432?user=a%40b");
  EXPECT_EQ(whole("postgresql://[::1]?user=a@b"), "postgresql://[::1]?user=a%40b");
  EXPECT_EQ(whole("postgresql://u:p@host/db?user=a@b"), "postgresql://u:p@host/db?user=a%40b");
}

TEST(WholeUri, SlashInAPasswordIsAnErrorThatShowsNothingOfIt) {
  for (const char* text : {"postgresql://u:5/hidden@host/db", "postgresql://u:a/hid@den@host"}) {
    const auto uri = whole_uri(text);
    ASSERT_FALSE(uri) << text;
    EXPECT_NE(uri.error().find("%2F"), std::string::npos);
    EXPECT_EQ(uri.error().find("hid"), std::string::npos);
  }
}

}  // namespace
}  // namespace pgrepl::session
