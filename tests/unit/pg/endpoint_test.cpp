#include "pg/endpoint.h"

#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

TEST(ParseEndpoint, AcceptsHostAndPort) {
  EXPECT_EQ(parse_endpoint(":9187"), (Endpoint{.host = "", .port = 9187}));
  EXPECT_EQ(parse_endpoint("0.0.0.0:1"), (Endpoint{.host = "0.0.0.0", .port = 1}));
  EXPECT_EQ(parse_endpoint("db.example:0"), (Endpoint{.host = "db.example", .port = 0}));
  EXPECT_EQ(parse_endpoint("[::1]:65535"), (Endpoint{.host = "::1", .port = 65535}));
}

TEST(ParseEndpoint, RefusesEverythingElse) {
  for (const char* text :
       {"",      ":",     "9187",        "host",         "host:", ":x",     ":-1",        ":65536",
        ": 1",   "::1:1", "[::1]",       "[]:1",         "[a]:1", "[::1:1", "http://a:1", "a b:1",
        "a,b:1", "+a:1",  "user@host:1", "[user@::1]:1", "a:1 ",  "a\n:1"}) {
    EXPECT_EQ(parse_endpoint(text), std::nullopt) << text;
  }
}

TEST(ParseEndpoint, IsTheInverseOfPrinting) {
  for (const Endpoint& endpoint :
       {Endpoint{"db", 1}, Endpoint{"10.0.0.1", 5432}, Endpoint{"fe80::1%eth0", 65535}}) {
    EXPECT_EQ(parse_endpoint(to_string(endpoint)), endpoint);
  }
}

TEST(ParsePort, TakesDigitsAlone) {
  EXPECT_EQ(parse_port("0"), 0);
  EXPECT_EQ(parse_port("65535"), 65535);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "65536", "0x1"}) {
    EXPECT_EQ(parse_port(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pgrepl::pg
