#include "pg/network.h"

#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

bool within(const char* network, const char* address) {
  const auto parsed = Network::parse(network);
  EXPECT_TRUE(parsed) << network;
  return parsed && parsed->contains(address);
}

TEST(Network, ContainsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(within("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(within("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(within("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(within("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(within("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(within("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(within("0.0.0.0/0", "203.0.113.9"));
}

TEST(Network, AnAddressIsANetworkOfOne) {
  EXPECT_TRUE(within("10.0.0.7", "10.0.0.7"));
  EXPECT_FALSE(within("10.0.0.7", "10.0.0.6"));
}

TEST(Network, ContainsNothingOfTheOtherFamilyAndNoNames) {
  EXPECT_FALSE(within("0.0.0.0/0", "::1"));
  EXPECT_FALSE(within("::/0", "127.0.0.1"));
  EXPECT_FALSE(within("0.0.0.0/0", "localhost"));
}

TEST(Network, RefusesWhatIsNone) {
  for (const char* text :
       {"", "db", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "10.0/8"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace pgrepl::pg
