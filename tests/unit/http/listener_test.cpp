#include "http/listener.h"

#include <asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

using ::testing::StartsWith;

std::string bounded(const char* address) {
  return bounded_address(asio::ip::make_address(address));
}

TEST(BoundedAddress, IsAnAddressOfIpv4OrANetworkOfIpv6) {
  EXPECT_EQ(bounded("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(bounded("::ffff:192.0.2.1"), "192.0.2.1") << "as the socket of both families shows it";
  EXPECT_EQ(bounded("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(bounded("2001:db8:1:2::"), "2001:db8:1:2::/64");
  EXPECT_EQ(bounded("2001:db8:1:2:ffff:ffff:ffff:ffff"), "2001:db8:1:2::/64");
  EXPECT_NE(bounded("2001:db8:1:3::1"), bounded("2001:db8:1:2::1"));
  EXPECT_EQ(bounded("::1"), "::/64");
  EXPECT_EQ(bounded("fe80::1%1"), bounded("fe80::2%1"));
}

class Listening : public ::testing::Test {
 protected:
  std::string failure(const std::string& host, std::uint16_t port = 0) {
    const auto acceptor = listen(io, {.host = host, .port = port});
    return acceptor ? "" : acceptor.error();
  }

  asio::io_context io{1};
};

TEST_F(Listening, IsAtTheAddressThatWasNamed) {
  const auto acceptor = listen(io, {.host = "127.0.0.1", .port = 0});
  ASSERT_TRUE(acceptor);
  EXPECT_EQ(acceptor->local_endpoint().address().to_string(), "127.0.0.1");
  EXPECT_NE(acceptor->local_endpoint().port(), 0);
  EXPECT_EQ(failure("localhost"), "");
  EXPECT_EQ(failure(""), "");
}

TEST_F(Listening, NamesTheAddressAndTheReason) {
  const auto taken = listen(io, {.host = "127.0.0.1", .port = 0});
  ASSERT_TRUE(taken);
  const std::uint16_t port = taken->local_endpoint().port();
  const std::string number = std::to_string(port);
  EXPECT_EQ(
      failure("127.0.0.1", port),
      "cannot listen on 127.0.0.1:" + number + ": Address already in use"
  );
  EXPECT_EQ(failure("", port), "cannot listen on :" + number + ": Address already in use");
  EXPECT_EQ(failure("127.0.0.2", port), "") << "another address is free";
  EXPECT_EQ(failure("192.0.2.1"), "cannot listen on 192.0.2.1:0: Cannot assign requested address");
  EXPECT_THAT(failure("2001:db8::1"), StartsWith("cannot listen on [2001:db8::1]:0: "));
  EXPECT_THAT(
      failure("no.such.host.invalid"), StartsWith("cannot listen on no.such.host.invalid:0: ")
  );
}

}  // namespace
}  // namespace pgrepl::http
