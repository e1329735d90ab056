#include "config/web.h"

#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

TEST(ParseListenAddress, AcceptsHostAndPort) {
  EXPECT_EQ(parse_listen_address(":9187"), (ListenAddress{.host = "", .port = 9187}));
  EXPECT_EQ(parse_listen_address("0.0.0.0:1"), (ListenAddress{.host = "0.0.0.0", .port = 1}));
  EXPECT_EQ(parse_listen_address("db.example:0"), (ListenAddress{.host = "db.example", .port = 0}));
  EXPECT_EQ(parse_listen_address("[::1]:65535"), (ListenAddress{.host = "::1", .port = 65535}));
}

TEST(ParseListenAddress, RefusesEverythingElse) {
  for (const char* text :
       {"",
        ":",
        "9187",
        "host",
        "host:",
        ":x",
        ":-1",
        ":65536",
        ": 1",
        "::1:1",
        "[::1]",
        "[]:1",
        "[a]:1",
        "[::1:1",
        "http://a:1",
        "a b:1"}) {
    EXPECT_EQ(parse_listen_address(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pgrepl::config
