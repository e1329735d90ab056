#include "http/wake.h"

#include <memory>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::http {

void wake_listener(const std::string& host, std::uint16_t port) noexcept {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const bool found =
      ::getaddrinfo(
          host.empty() ? "127.0.0.1" : host.c_str(), std::to_string(port).c_str(), &hints, &raw
      ) == 0;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> address{raw, &::freeaddrinfo};
  if (!found) {
    return;
  }
  const int descriptor =
      ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor >= 0) {
    ::connect(descriptor, address->ai_addr, address->ai_addrlen);
    ::close(descriptor);
  }
}

}  // namespace pgrepl::http
