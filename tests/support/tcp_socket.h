// TCP sockets of the loopback interface, non-blocking, closed with the object.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <netinet/in.h>

namespace pgrepl::testing {

class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}

  ~Socket() { close(); }

  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  [[nodiscard]] int fd() const { return fd_; }

  [[nodiscard]] bool open() const { return fd_ >= 0; }

  void close();

  // The peer gets RST and not FIN.
  void reset();

  // Without waiting for more bytes to send along.
  void send_at_once() const;

 private:
  int fd_;
};

[[nodiscard]] sockaddr_in loopback(std::uint16_t port, const std::string& address = "127.0.0.1");

// Throws when the port is taken.
[[nodiscard]] Socket listen_on(std::uint16_t port, const std::string& address = "127.0.0.1");

// Perhaps still connecting; not open when it was refused at once. The peer sees it come from
// `source`.
[[nodiscard]] Socket connect_to(std::uint16_t port, const std::string& source = "127.0.0.1");

}  // namespace pgrepl::testing
