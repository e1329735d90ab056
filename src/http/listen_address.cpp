#include "http/listen_address.h"

#include <charconv>
#include <cstddef>
#include <system_error>

namespace pgrepl::http {

namespace {

bool is_bracketed(std::string_view host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']';
}

}  // namespace

Expected<ListenAddress, std::string> ListenAddress::parse(std::string_view text) {
  const Unexpected<std::string> mistake{
      "\"" + std::string{text} +
      "\" is no address to listen on: write :9187, 127.0.0.1:9187 or [::1]:9187"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return mistake;
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  ListenAddress address;
  const char* end = digits.data() + digits.size();
  const auto [stopped, problem] = std::from_chars(digits.data(), end, address.port);
  if (digits.empty() || problem != std::errc{} || stopped != end) {
    return mistake;
  }
  if (is_bracketed(host)) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[], +") != std::string_view::npos) {
    return mistake;
  }
  address.host = std::string{host};
  return address;
}

}  // namespace pgrepl::http
