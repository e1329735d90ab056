#include "support/tcp_socket.h"

#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::testing {

namespace {

Socket make_socket() {
  return Socket{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

}  // namespace

void Socket::close() {
  if (open()) {
    ::close(std::exchange(fd_, -1));
  }
}

void Socket::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void Socket::send_at_once() const {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

sockaddr_in loopback(std::uint16_t port, const std::string& address) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  place.sin_addr.s_addr = inet_addr(address.c_str());
  return place;
}

Socket listen_on(std::uint16_t port, const std::string& address) {
  auto listener = make_socket();
  const int on = 1;
  setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto place = loopback(port, address);
  if (bind(listener.fd(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0 ||
      listen(listener.fd(), SOMAXCONN) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot listen");
  }
  return listener;
}

Socket connect_to(std::uint16_t port, const std::string& source) {
  auto server = make_socket();
  server.send_at_once();
  const auto from = loopback(0, source);
  if (bind(server.fd(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot connect from " + source);
  }
  const auto address = loopback(port);
  if (connect(server.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    server.close();
  }
  return server;
}

}  // namespace pgrepl::testing
