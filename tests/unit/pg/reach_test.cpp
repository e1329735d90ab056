#include "pg/reach.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

using ::testing::ElementsAre;

Reach within(std::string_view network) {
  return Reach{{Network::parse(network).value()}};
}

TEST(Host, IsANameOrAnAddress) {
  for (const char* text :
       {"db",
        "db-1.example.com",
        "pg_1",
        "10.0.0.1",
        "fd00::2",
        "::1",
        "fe80::1%eth0",
        "DB.",
        "1"}) {
    EXPECT_TRUE(is_host(text)) << text;
  }
}

TEST(Host, IsNothingElse) {
  const std::string too_long(254, 'a');
  for (const std::string& text :
       {std::string{},
        std::string{"/tmp/x.example.com"},
        std::string{"@abstract"},
        std::string{"u:p@db"},
        std::string{"a,b"},
        std::string{"a b"},
        std::string{"a\nb"},
        std::string{"a\0b", 3},
        std::string{"db:5432"},
        std::string{"[::1]"},
        std::string{"fe80::1%/etc"},
        std::string{"d\xc3\xb6"},
        too_long}) {
    EXPECT_FALSE(is_host(text)) << text;
  }
}

TEST(LinkLocal, IsTheServiceOfTheCloudHoweverItIsWritten) {
  for (const char* text :
       {"169.254.169.254", "fe80::1", "fe80::1%eth0", "febf::1", "::ffff:169.254.169.254"}) {
    EXPECT_TRUE(is_link_local(text)) << text;
  }
  for (const char* text : {"169.253.0.1", "10.0.0.1", "fec0::1", "::1", "name", ""}) {
    EXPECT_FALSE(is_link_local(text)) << text;
  }
}

TEST(NetworkAround, IsTheOneOfTheAdministratorsAddress) {
  EXPECT_EQ(network_around("10.1.2.3"), Network::parse("10.1.2.3/16"));
  EXPECT_TRUE(network_around("10.1.2.3")->contains("10.1.255.255"));
  EXPECT_FALSE(network_around("10.1.2.3")->contains("10.2.0.1"));
  EXPECT_TRUE(network_around("127.0.0.1")->contains("127.9.9.9"));
  EXPECT_TRUE(network_around("fd00:0:0:1::5")->contains("fd00:0:0:1:ffff::1"));
  EXPECT_FALSE(network_around("fd00:0:0:1::5")->contains("fd00:0:0:2::1"));
  EXPECT_TRUE(network_around("::1")->contains("::1"));
  EXPECT_FALSE(network_around("::1")->contains("::2"));
  EXPECT_TRUE(network_around("::ffff:10.1.2.3")->contains("10.1.0.9"));
  EXPECT_EQ(network_around("db"), std::nullopt);
}

TEST(Reach, WithoutNetworksIsEverywhereButLinkLocal) {
  const Reach reach;
  EXPECT_TRUE(reach.admits("203.0.113.9"));
  EXPECT_TRUE(reach.admits("2001:db8::1"));
  EXPECT_FALSE(reach.admits("169.254.169.254"));
  EXPECT_FALSE(reach.admits("::ffff:169.254.169.254"));
  EXPECT_FALSE(reach.admits("fe80::1%eth0"));
}

TEST(Reach, AdmitsNoNameAndNoSocket) {
  for (const char* text : {"db", "", "/tmp", "@x", "10.0.0.1,10.0.0.2", "0x7f000001"}) {
    EXPECT_FALSE(Reach{}.admits(text)) << text;
    EXPECT_FALSE(within("0.0.0.0/0").admits(text)) << text;
  }
}

TEST(Reach, WithNetworksIsThoseAlone) {
  EXPECT_TRUE(within("10.0.0.0/8").admits("10.9.9.9"));
  EXPECT_TRUE(within("10.0.0.0/8").admits("::ffff:10.9.9.9"));
  EXPECT_FALSE(within("10.0.0.0/8").admits("11.0.0.1"));
  EXPECT_FALSE(within("10.0.0.0/8").admits("fd00::1"));
  EXPECT_TRUE(within("169.254.0.0/16").admits("169.254.1.1"));  // whoever lists it wants it
}

TEST(Reach, KeepsTheOrderOfWhatItAdmits) {
  const std::vector<std::string> addresses{"10.0.0.2", "192.0.2.1", "10.0.0.1"};
  EXPECT_THAT(within("10.0.0.0/8").admitted(addresses), ElementsAre("10.0.0.2", "10.0.0.1"));
}

}  // namespace
}  // namespace pgrepl::pg
