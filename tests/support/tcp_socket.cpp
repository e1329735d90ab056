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

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Socket listen_on(std::uint16_t port) {
  auto listener = make_socket();
  const int on = 1;
  setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  if (bind(listener.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener.fd(), SOMAXCONN) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot listen");
  }
  return listener;
}

Socket connect_to(std::uint16_t port) {
  auto server = make_socket();
  server.send_at_once();
  const auto address = loopback(port);
  if (connect(server.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    server.close();
  }
  return server;
}

}  // namespace pgrepl::testing
