#include "pg/reach.h"

#include <algorithm>
#include <iterator>

#include <arpa/inet.h>

namespace pgrepl::pg {

namespace {

bool is_letter_of_a_name(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '.' || letter == '-' || letter == '_';
}

// With a zone, as in fe80::1%eth0, a link-local address is one still.
std::string without_zone(const std::string& address) {
  return address.substr(0, address.find('%'));
}

bool is_in(std::string_view network, const std::string& address) {
  return Network::parse(network)->contains(address);
}

// Of an IPv4 address that is written as IPv6, ::ffff:10.0.0.1, the IPv4 address; else as it is.
std::string unmapped(const std::string& address) {
  if (!is_in("::ffff:0.0.0.0/96", address)) {
    return address;
  }
  in6_addr bytes{};
  inet_pton(AF_INET6, address.c_str(), &bytes);
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &bytes.s6_addr[12], text, sizeof text);
  return text;
}

}  // namespace

bool is_host(std::string_view text) {
  const std::string address = without_zone(std::string{text});
  if (is_in("::/0", address)) {
    return std::ranges::all_of(text.substr(address.size()), [](char letter) {
      return letter == '%' || is_letter_of_a_name(letter);
    });
  }
  constexpr std::size_t kLongestName = 253;  // RFC 1035, without the last dot
  return !text.empty() && text.size() <= kLongestName &&
         std::ranges::all_of(text, is_letter_of_a_name);
}

bool is_link_local(const std::string& address) {
  const std::string plain = unmapped(without_zone(address));
  return is_in("169.254.0.0/16", plain) || is_in("fe80::/10", plain);
}

std::optional<Network> network_around(const std::string& address) {
  const std::string plain = unmapped(without_zone(address));
  if (is_in("127.0.0.0/8", plain)) {
    return Network::parse("127.0.0.0/8");
  }
  if (plain == "::1") {
    return Network::parse("::1/128");
  }
  const bool is_ipv6 = plain.find(':') != std::string::npos;
  return Network::parse(plain + (is_ipv6 ? "/64" : "/16"));
}

bool Reach::admits(const std::string& address) const {
  const std::string plain = unmapped(without_zone(address));
  if (networks.empty()) {
    return (is_in("0.0.0.0/0", plain) || is_in("::/0", plain)) && !is_link_local(plain);
  }
  return std::ranges::any_of(networks, [&plain](const Network& network) {
    return network.contains(plain);
  });
}

std::vector<std::string> Reach::admitted(std::span<const std::string> addresses) const {
  std::vector<std::string> some;
  std::ranges::copy_if(addresses, std::back_inserter(some), [this](const std::string& address) {
    return admits(address);
  });
  return some;
}

}  // namespace pgrepl::pg
