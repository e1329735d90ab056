#include "http/url.h"

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

TEST(Url, HasHostPortAndPath) {
  EXPECT_EQ(Url::parse("http://h:9187"), (Url{.host = "h", .port = 9187, .path = ""}));
  EXPECT_EQ(Url::parse("http://h:9187/"), (Url{.host = "h", .port = 9187, .path = ""}));
  EXPECT_EQ(Url::parse("http://h/pg/x/"), (Url{.host = "h", .port = 80, .path = "/pg/x"}));
  EXPECT_EQ(Url::parse("http://[::1]:9187"), (Url{.host = "::1", .port = 9187, .path = ""}));
  EXPECT_EQ(Url::parse("http://[::1]/a"), (Url{.host = "::1", .port = 80, .path = "/a"}));
}

TEST(Url, AnythingElseIsAnErrorThatNamesIt) {
  for (const char* text :
       {"",
        "h:9187",
        "https://h:9187",
        "http://",
        "http://:9187",
        "http://h:0",
        "http://h:x",
        "http://u:p@h:9187",
        "http://h:9187/?a",
        "http://h:9187/a b",
        "http://h:9187/\r\nX: y"}) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
  EXPECT_EQ(Url::parse("ftp://h").error(), "expected http://host:port, found 'ftp://h'");
}

}  // namespace
}  // namespace pgrepl::http
