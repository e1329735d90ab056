#include "support/http_get.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <memory>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::testing {

namespace {

using Clock = std::chrono::steady_clock;

class Connection {
 public:
  Connection(std::uint16_t port, Clock::time_point deadline, const std::string& host = "127.0.0.1")
      : deadline_(deadline) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
      throw HttpFailure{"no such host: " + host};
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, freeaddrinfo};
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
      fd_ = socket(entry->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connect(fd_, entry->ai_addr, entry->ai_addrlen) == 0) {
        return;
      }
      close(fd_);
    }
    throw HttpFailure{"nobody listens on port " + std::to_string(port)};
  }

  ~Connection() { close(fd_); }

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send_all(const std::string& text) const {
    if (send(fd_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
      throw HttpFailure{"cannot send the request"};
    }
  }

  // Until the server closes.
  [[nodiscard]] std::string receive_all() const {
    std::string text;
    std::array<char, 65536> buffer;
    ssize_t count = 0;
    do {
      wait_readable();
      count = recv(fd_, buffer.data(), buffer.size(), 0);
      if (count > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(count));
      }
    } while (count > 0);
    if (count < 0) {
      throw HttpFailure{"the connection was reset"};
    }
    return text;
  }

 private:
  void wait_readable() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    pollfd entry{.fd = fd_, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&entry, 1, static_cast<int>(left.count())) <= 0) {
      throw HttpFailure{"no answer in time"};
    }
  }

  int fd_ = -1;
  Clock::time_point deadline_;
};

template <class Number>
Number parse_number(const std::string& text, int base) {
  Number number{};
  if (std::from_chars(text.data(), text.data() + text.size(), number, base).ec != std::errc{}) {
    throw HttpFailure{"not a number: " + text};
  }
  return number;
}

std::string unchunk(const std::string& body) {
  std::string result;
  std::size_t at = 0;
  while (true) {
    const auto line_end = body.find("\r\n", at);
    if (line_end == std::string::npos) {
      throw HttpFailure{"the answer ends within its chunks"};
    }
    const auto size = parse_number<std::size_t>(body.substr(at, line_end - at), 16);
    if (size == 0) {
      return result;
    }
    result += body.substr(line_end + 2, size);
    at = line_end + 2 + size + 2;
  }
}

std::map<std::string, std::string> parse_headers(const std::string& head) {
  std::map<std::string, std::string> headers;
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const auto end = head.find("\r\n", at + 2);
    const auto line = head.substr(at + 2, end == std::string::npos ? end : end - at - 2);
    if (const auto colon = line.find(':'); colon != std::string::npos) {
      auto name = line.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
      });
      const auto value = line.find_first_not_of(' ', colon + 1);
      headers[name] = value == std::string::npos ? "" : line.substr(value);
    }
    at = end;
  }
  return headers;
}

HttpResponse parse_response(const std::string& text) {
  const auto head_end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.") || head_end == std::string::npos) {
    throw HttpFailure{"not an HTTP answer: " + text.substr(0, 100)};
  }
  HttpResponse response{
      .status = parse_number<int>(text.substr(9, 3), 10),
      .headers = parse_headers(text.substr(0, head_end)),
      .body = text.substr(head_end + 4)};
  const auto encoding = response.headers.find("transfer-encoding");
  if (encoding != response.headers.end() && encoding->second == "chunked") {
    response.body = unchunk(response.body);
  }
  const auto length = response.headers.find("content-length");
  if (length != response.headers.end() &&
      response.body.size() < parse_number<std::size_t>(length->second, 10)) {
    throw HttpFailure{"the answer is cut short"};
  }
  return response;
}

}  // namespace

HttpResponse http_get(
    std::uint16_t port,
    const std::string& path,
    const std::map<std::string, std::string>& headers,
    std::chrono::milliseconds timeout
) {
  const Connection connection{port, Clock::now() + timeout};
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
  for (const auto& [name, value] : headers) {
    request += name + ": " + value + "\r\n";
  }
  connection.send_all(request + "\r\n");
  return parse_response(connection.receive_all());
}

HttpResponse http_get_from(const std::string& host, std::uint16_t port, const std::string& path) {
  const Connection connection{port, Clock::now() + std::chrono::seconds{10}, host};
  connection.send_all("GET " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  return parse_response(connection.receive_all());
}

HttpResponse http_post(std::uint16_t port, const std::string& path) {
  const Connection connection{port, Clock::now() + std::chrono::seconds{10}};
  connection.send_all(
      "POST " + path +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
  );
  return parse_response(connection.receive_all());
}

}  // namespace pgrepl::testing
