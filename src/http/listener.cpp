#include "http/listener.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <asio/ip/v6_only.hpp>

namespace pgrepl::http {

namespace {

using asio::ip::tcp;

enum class Families { One, Both };

// Where a machine has no IPv6, "every interface" is those of IPv4.
bool is_without_ipv6(const asio::error_code& failure) {
  return failure == std::errc::address_family_not_supported ||
         failure == std::errc::address_not_available;
}

asio::error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, Families families) {
  asio::error_code failure;
  asio::error_code ignored;  // what these are not set to shows when it is bound
  acceptor.close(ignored);
  acceptor.open(endpoint.protocol(), failure);
  if (failure) {
    return failure;
  }
  acceptor.set_option(tcp::acceptor::reuse_address{true}, ignored);
  if (endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only{families == Families::One}, ignored);
  }
  acceptor.bind(endpoint, failure);
  if (!failure) {
    acceptor.listen(tcp::acceptor::max_listen_connections, failure);
  }
  return failure;
}

asio::error_code open(asio::io_context& io, tcp::acceptor& acceptor, const ListenAddress& address) {
  if (address.host.empty()) {
    const auto failure =
        open(acceptor, {asio::ip::address_v6::any(), address.port}, Families::Both);
    return is_without_ipv6(failure) ? open(acceptor, {tcp::v4(), address.port}, Families::One)
                                    : failure;
  }
  asio::error_code failure;
  tcp::resolver resolver{io};
  const auto found = resolver.resolve(address.host, std::to_string(address.port), failure);
  return failure ? failure : open(acceptor, found.begin()->endpoint(), Families::One);
}

}  // namespace

Expected<tcp::acceptor, std::string> listen(asio::io_context& io, const ListenAddress& address) {
  tcp::acceptor acceptor{io};
  if (const asio::error_code failure = open(io, acceptor, address)) {
    const std::string host = address.is_ipv6() ? '[' + address.host + ']' : address.host;
    return Unexpected<std::string>{
        "cannot listen on " + host + ':' + std::to_string(address.port) + ": " + failure.message()};
  }
  return acceptor;
}

std::string bounded_address(const asio::ip::address& address) {
  if (address.is_v4()) {
    return address.to_string();
  }
  const asio::ip::address_v6 six = address.to_v6();
  if (six.is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, six).to_string();
  }
  asio::ip::address_v6::bytes_type bytes = six.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6{bytes}.to_string() + "/64";
}

}  // namespace pgrepl::http
