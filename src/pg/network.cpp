#include "pg/network.h"

#include <charconv>

#include <arpa/inet.h>

namespace pgrepl::pg {

namespace {

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  int family = AF_UNSPEC;
};

std::optional<Address> parse_address(const std::string& text) {
  for (const int family : {AF_INET, AF_INET6}) {
    Address address{.family = family};
    if (inet_pton(family, text.c_str(), address.bytes.data()) == 1) {
      return address;
    }
  }
  return std::nullopt;
}

bool bit(const std::array<std::uint8_t, 16>& bytes, unsigned position) {
  const unsigned byte = bytes.at(position / 8);
  return ((byte >> (7 - position % 8)) & 1U) != 0;
}

}  // namespace

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(std::string{text.substr(0, slash)});
  if (!address) {
    return std::nullopt;
  }
  const unsigned longest = address->family == AF_INET ? 32 : 128;
  Network network;
  network.bytes_ = address->bytes;
  network.family_ = address->family;
  network.prefix_ = longest;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* end = digits.data() + digits.size();
    const auto [stopped, problem] = std::from_chars(digits.data(), end, network.prefix_);
    if (problem != std::errc{} || stopped != end || network.prefix_ > longest) {
      return std::nullopt;
    }
  }
  return network;
}

bool Network::contains(const std::string& address) const {
  const auto parsed = parse_address(address);
  if (!parsed || parsed->family != family_) {
    return false;
  }
  for (unsigned position = 0; position < prefix_; ++position) {
    if (bit(parsed->bytes, position) != bit(bytes_, position)) {
      return false;
    }
  }
  return true;
}

}  // namespace pgrepl::pg
