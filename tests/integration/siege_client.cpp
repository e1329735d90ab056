#include "siege_client.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace pgrepl::testing {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// So small that answers unread pile up at the server.
constexpr int kReceiveBuffer = 4096;

// OpenSSL writes without MSG_NOSIGNAL, and many of these clients are hung up on.
SSL_CTX* context() {
  std::signal(SIGPIPE, SIG_IGN);
  static const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{
      SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
  return context.get();
}

bool connect(int fd, const Door& door) {
  if (door.entrance == Entrance::V6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(door.port);
    address.sin6_addr = in6addr_loopback;
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  const auto address = loopback(door.port);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// An answer of ours has its length.
bool is_whole(const std::string& answer) {
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t head = answer.find("\r\n\r\n");
  const std::size_t at = answer.find(kLength);
  return head != std::string::npos && at < head &&
         answer.size() >=
             head + 4 + std::strtoul(answer.c_str() + at + kLength.size(), nullptr, 10);
}

}  // namespace

SiegeClient::SiegeClient(const Door& door, bool silent, const std::string& source)
    : socket_(::socket(
          door.entrance == Entrance::V6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0
      )) {
  const timeval second{.tv_sec = 1, .tv_usec = 0};
  setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  setsockopt(socket_.fd(), SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
  setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  socket_.send_at_once();
  if (!source.empty()) {
    const auto from = loopback(0, source);
    if (bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
      socket_.close();
      return;
    }
  }
  if (!connect(socket_.fd(), door)) {
    socket_.close();
    return;
  }
  if (door.entrance == Entrance::Tls && !silent) {
    ssl_.reset(SSL_new(context()));
    SSL_set_fd(ssl_.get(), socket_.fd());
    if (SSL_connect(ssl_.get()) != 1) {
      socket_.close();
    }
  }
}

bool SiegeClient::send(std::string_view bytes) {
  if (!open()) {
    return false;
  }
  const auto size = static_cast<ssize_t>(bytes.size());
  if (ssl_) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == size;
  }
  return ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == size;
}

std::string SiegeClient::receive() {
  std::array<char, 16384> room{};
  if (!open()) {
    return {};
  }
  const auto count = ssl_ ? SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()))
                          : static_cast<int>(recv(socket_.fd(), room.data(), room.size(), 0));
  return {room.data(), static_cast<std::size_t>(std::max(count, 0))};
}

bool SiegeClient::was_hung_up() const {
  if (!open()) {
    return true;
  }
  char byte = 0;
  const auto count = recv(socket_.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN);
}

Asked ask(
    const Door& door, const std::string& path, const std::string& headers, const std::string& source
) {
  const auto began = Clock::now();
  SiegeClient client{door, false, source};
  std::string answer;
  if (client.send(
          "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + headers + "\r\n"
      )) {
    while (!is_whole(answer) && Clock::now() - began < 10s) {
      const std::string more = client.receive();
      answer += more;
      if (more.empty() && client.was_hung_up()) {
        break;
      }
    }
  }
  Asked asked{.status = {}, .took = Clock::now() - began};
  int status = 0;
  if (is_whole(answer) && answer.starts_with("HTTP/1.1 ") &&
      std::from_chars(answer.data() + 9, answer.data() + 12, status).ec == std::errc{}) {
    asked.status = status;
  }
  return asked;
}

}  // namespace pgrepl::testing
