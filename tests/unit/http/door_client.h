// A client of the door, byte by byte: over IPv4, IPv6 or TLS, blocking. No step waits longer than
// kPatience, and no test depends on how long one takes.
#pragma once

#include "support/tcp_socket.h"
#include "support/wait_until.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace pgrepl::testing {

enum class Way : std::uint8_t { V4, V6, Tls };

struct DoorAnswer {
  int status = 0;                              // 0: the connection ended without an answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool is_whole = false;  // as long as its Content-Length says

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string{} : found->second;
  }
};

class DoorClient {
 public:
  // `source` is the address that the door sees, of IPv4 only. Over TLS, hands are shaken unless
  // `is_silent`.
  DoorClient(Way way, std::uint16_t port, bool is_silent = false, const std::string& source = {})
      : socket_(::socket(way == Way::V6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    // Small, so that answers that nobody reads stay with the door.
    constexpr int kRoom = 4096;
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVBUF, &kRoom, sizeof kRoom);
    socket_.send_at_once();
    connect(way, port, source);
    if (way == Way::Tls && !is_silent) {
      shake_hands();
    }
  }

  [[nodiscard]] bool is_open() const { return socket_.open(); }

  bool send(std::string_view bytes) {
    if (!is_open()) {
      return false;
    }
    if (ssl_) {
      return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
             static_cast<int>(bytes.size());
    }
    return ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

  // The next answer. `has_body` is false after a request with HEAD.
  DoorAnswer read_answer(bool has_body = true) {
    DoorAnswer answer;
    while (head_size() == 0 && read_more()) {
    }
    const std::size_t size = head_size();
    if (size == 0) {
      return answer;
    }
    parse_head(std::string_view{bytes_}.substr(0, size), answer);
    bytes_.erase(0, size);
    std::size_t length = 0;
    const std::string text = answer.header("content-length");
    (void)std::from_chars(text.data(), text.data() + text.size(), length);
    length = has_body && answer.status >= 200 ? length : 0;
    while (bytes_.size() < length && read_more()) {
    }
    answer.is_whole = bytes_.size() >= length;
    answer.body = bytes_.substr(0, length);
    bytes_.erase(0, length);
    return answer;
  }

  DoorAnswer ask(std::string_view request, bool has_body = true) {
    send(request);
    return read_answer(has_body);
  }

  DoorAnswer get(const std::string& target, const std::string& headers = {}) {
    return ask("GET " + target + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n");
  }

  // All that still comes until the door hangs up. `has_ended()` says whether it has.
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(bytes_, {});
  }

  // Whether the door hangs up, without another byte of an answer.
  bool is_hung_up_on() { return read_to_end().empty() && has_ended_; }

  [[nodiscard]] bool has_ended() const { return has_ended_; }

  // Nothing more is sent; answers are still read.
  void finish() { ::shutdown(socket_.fd(), SHUT_WR); }

  // Goes away without a farewell.
  void reset() { socket_.reset(); }

  // The name in the certificate of the door.
  [[nodiscard]] std::string certificate_name() const {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate{
        SSL_get1_peer_certificate(ssl_.get()), &X509_free};
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(
        X509_get_subject_name(certificate.get()),
        NID_commonName,
        name.data(),
        static_cast<int>(name.size())
    );
    return name.data();
  }

  [[nodiscard]] std::string tls_version() const { return SSL_get_version(ssl_.get()); }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  void connect(Way way, std::uint16_t port, const std::string& source) {
    if (!source.empty()) {
      const sockaddr_in from = loopback(0, source);
      if (::bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
        socket_.close();
      }
    }
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    six.sin6_addr = in6addr_loopback;
    const sockaddr_in four = loopback(port);
    const bool is_six = way == Way::V6;
    const auto* address =
        is_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
    if (::connect(socket_.fd(), address, is_six ? sizeof six : sizeof four) != 0) {
      socket_.close();
    }
  }

  void shake_hands() {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    static const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{
        SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
    ssl_.reset(SSL_new(context.get()));
    SSL_set_fd(ssl_.get(), socket_.fd());
    if (SSL_connect(ssl_.get()) != 1) {
      ssl_.reset();
      socket_.close();
    }
  }

  bool read_more() {
    std::array<char, 16384> room{};
    if (!is_open()) {
      has_ended_ = true;
      return false;
    }
    int count = 0;
    if (ssl_) {
      count = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
    } else {
      count = static_cast<int>(::recv(socket_.fd(), room.data(), room.size(), 0));
    }
    has_ended_ = count == 0 || (count < 0 && errno != EAGAIN);
    bytes_.append(room.data(), static_cast<std::size_t>(std::max(count, 0)));
    return count > 0;
  }

  [[nodiscard]] std::size_t head_size() const {
    const std::size_t end = bytes_.find("\r\n\r\n");
    return end == std::string::npos ? 0 : end + 4;
  }

  static void parse_head(std::string_view head, DoorAnswer& answer) {
    if (head.starts_with("HTTP/1.1 ")) {
      (void)std::from_chars(head.data() + 9, head.data() + 12, answer.status);
    }
    head.remove_prefix(head.find("\r\n") + 2);
    while (head.size() > 2) {
      const std::string_view line = head.substr(0, head.find("\r\n"));
      head.remove_prefix(line.size() + 2);
      std::string name{line.substr(0, line.find(": "))};
      std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      answer.headers[name] = line.substr(std::min(name.size() + 2, line.size()));
    }
  }

  Socket socket_;
  std::unique_ptr<SSL, Free> ssl_;
  std::string bytes_;  // that have come and belong to no answer yet
  bool has_ended_ = false;
};

}  // namespace pgrepl::testing
