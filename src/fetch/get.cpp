#include "fetch/get.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::http {

namespace {

using Clock = std::chrono::steady_clock;
using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

constexpr std::size_t kLargestAnswer = 256U << 20U;
constexpr std::string_view kNoAnswerInTime = "no answer in time";

class Socket {
 public:
  explicit Socket(const addrinfo& address)
      : descriptor_(
            ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
        ) {}

  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket& operator=(Socket&&) = delete;

  ~Socket() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  [[nodiscard]] int get() const { return descriptor_; }

  // Whether one of `events` came before the deadline.
  [[nodiscard]] bool wait(short events, Clock::time_point deadline) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting{.fd = descriptor_, .events = events, .revents = 0};
    return left.count() > 0 && ::poll(&waiting, 1, static_cast<int>(left.count())) == 1;
  }

 private:
  int descriptor_;
};

std::string last_error() {
  return std::generic_category().message(errno);
}

Unexpected<std::string> failure(std::string_view reason) {
  return Unexpected<std::string>{std::string{reason}};
}

Expected<Socket, std::string> connect(const addrinfo& address, Clock::time_point deadline) {
  Socket socket{address};
  if (socket.get() < 0) {
    return failure(last_error());
  }
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) {
    return socket;
  }
  if (errno != EINPROGRESS) {
    return failure(last_error());
  }
  if (!socket.wait(POLLOUT, deadline)) {
    return failure(kNoAnswerInTime);
  }
  int problem = 0;
  socklen_t size = sizeof(problem);
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem != 0) {
    return failure(std::generic_category().message(problem));
  }
  return socket;
}

std::optional<std::string> send_all(
    const Socket& socket, std::string_view text, Clock::time_point deadline
) {
  while (!text.empty()) {
    if (!socket.wait(POLLOUT, deadline)) {
      return std::string{kNoAnswerInTime};
    }
    const ssize_t sent = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      return last_error();
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  return std::nullopt;
}

Expected<std::string, std::string> receive_all(const Socket& socket, Clock::time_point deadline) {
  std::string text;
  std::array<char, 16384> buffer{};
  while (text.size() < kLargestAnswer) {
    if (!socket.wait(POLLIN, deadline)) {
      return failure(kNoAnswerInTime);
    }
    const ssize_t received = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (received == 0) {
      return text;
    }
    if (received < 0 && errno != EAGAIN && errno != EINTR) {
      return failure(last_error());
    }
    text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(received, 0)));
  }
  return failure("the answer is too large");
}

// HTTP/1.0, so that the answer is not chunked and ends with the connection.
Expected<std::string, std::string> exchange(
    const addrinfo& address, const std::string& request, Clock::time_point deadline
) {
  const auto socket = connect(address, deadline);
  if (!socket) {
    return failure(socket.error());
  }
  if (const auto problem = send_all(*socket, request, deadline)) {
    return failure(*problem);
  }
  return receive_all(*socket, deadline);
}

std::optional<std::size_t> parse_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc{} ? std::optional{number} : std::nullopt;
}

// The number after "content-length:", in whatever case.
std::optional<std::size_t> content_length(std::string head) {
  std::ranges::transform(head, head.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  constexpr std::string_view kName = "\r\ncontent-length:";
  const std::size_t found = head.find(kName);
  if (found == std::string::npos) {
    return std::nullopt;
  }
  const std::size_t digits = head.find_first_not_of(' ', found + kName.size());
  return digits == std::string::npos ? std::nullopt
                                     : parse_number(std::string_view{head}.substr(digits));
}

}  // namespace

Expected<Answer, std::string> parse_answer(const std::string& response) {
  const std::size_t head_end = response.find("\r\n\r\n");
  const std::size_t space = response.find(' ');
  if (!response.starts_with("HTTP/1.") || head_end == std::string::npos || space > head_end) {
    return failure("the answer is not HTTP");
  }
  const auto status = parse_number(std::string_view{response}.substr(space + 1, 3));
  if (!status) {
    return failure("the answer is not HTTP");
  }
  std::string body = response.substr(head_end + 4);
  const auto length = content_length(response.substr(0, head_end));
  if (length && body.size() < *length) {
    return failure("the answer is cut off");
  }
  return Answer{.status = static_cast<int>(*status), .body = std::move(body)};
}

Expected<Answer, std::string> get(
    const std::string& host,
    std::uint16_t port,
    const std::string& path,
    std::chrono::milliseconds timeout
) {
  const Clock::time_point deadline = Clock::now() + timeout;
  const std::string port_text = std::to_string(port);
  const std::string place = host + " port " + port_text + ": ";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int unknown = ::getaddrinfo(host.c_str(), port_text.c_str(), &hints, &raw);
  const AddressList addresses{raw, &::freeaddrinfo};
  if (unknown != 0) {
    return failure(place + ::gai_strerror(unknown));
  }
  const std::string request = "GET " + path + " HTTP/1.0\r\nHost: " + host + ':' + port_text +
                              "\r\nConnection: close\r\n\r\n";
  std::string reason = "no address";
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const auto answer = exchange(*address, request, deadline).and_then(parse_answer);
    if (answer) {
      return *answer;
    }
    reason = answer.error();
  }
  return failure(place + reason);
}

}  // namespace pgrepl::http
