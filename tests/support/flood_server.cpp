#include "support/flood_server.h"

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace pgrepl::testing {

namespace {

constexpr int kPid = 4711;
constexpr int kPatience = 100;  // ms, between two looks whether the test is over

std::string integer(std::uint32_t value) {
  const std::uint32_t net = htonl(value);
  return {reinterpret_cast<const char*>(&net), sizeof net};
}

std::string message(char type, const std::string& body) {
  return type + integer(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

std::string text(const std::string& value) {
  return value + '\0';
}

std::string parameter(const std::string& name, const std::string& value) {
  return message('S', text(name) + text(value));
}

std::string ready() {
  return message('Z', "I");
}

std::string complete(const std::string& tag) {
  return message('C', text(tag));
}

std::string one_column(const std::string& name) {
  const std::string column = text(name) + integer(0) + std::string(2, '\0') + integer(25) +
                             std::string(2, '\xff') + std::string(4, '\xff') + std::string(2, '\0');
  return message('T', std::string{'\0', '\1'} + column);
}

std::string row(const std::string& value) {
  const std::string head{'\0', '\1'};
  return message('D', head + integer(static_cast<std::uint32_t>(value.size())) + value);
}

std::string repeated(const std::string& piece) {
  std::string many;
  while (many.size() < 64 * 1024) {
    many += piece;
  }
  return many;
}

// What comes once, before what comes without end.
std::string beginning(Flood flood) {
  const std::string prepared = message('1', "") + message('2', "") + one_column("x");
  switch (flood) {
    case Flood::Rows:
    case Flood::NarrowRows:
      return prepared;
    case Flood::OneRow:
      return prepared + 'D' + integer(1'000'000'000) + std::string{'\0', '\1'} +
             integer(999'999'990);
    case Flood::Error:
      return 'E' + integer(40'000'000) + "SERROR" + '\0' + "C42501" + '\0' + "M";
    default:
      return "";
  }
}

std::string endless(Flood flood, int turn) {
  switch (flood) {
    case Flood::Rows:
      return repeated(row(std::string(100, 'x')));
    case Flood::NarrowRows:
      return repeated(row(""));
    case Flood::OneRow:
    case Flood::Error:
      return std::string(64 * 1024, 'x');
    case Flood::Notifications:
      return repeated(message('A', integer(1) + text("c") + text("")));
    case Flood::Notices:
      return repeated(message(
          'N',
          "SNOTICE" + std::string(1, '\0') + "C00000" + std::string(1, '\0') + "Mx" +
              std::string(2, '\0')
      ));
    default:
      break;
  }
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += parameter("p" + std::to_string(turn * 100 + i), "v");
  }
  return many;
}

}  // namespace

FloodServer::FloodServer(Flood flood)
    : flood_(flood), listening_(listen_on(port_.number())), accepting_([this] { accept_all(); }) {
}

FloodServer::~FloodServer() {
  over_ = true;
  accepting_.join();
  for (std::thread& peer : peers_) {
    peer.join();
  }
}

void FloodServer::accept_all() {
  while (!over_) {
    pollfd waiting{.fd = listening_.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kPatience) == 1) {
      Socket socket{::accept4(listening_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
      if (socket.open()) {
        peers_.emplace_back([this, peer = std::move(socket)]() mutable { serve(std::move(peer)); });
      }
    }
  }
}

void FloodServer::serve(Socket socket) {
  if (log_in(socket) && answer_queries(socket)) {
    flood(socket);
  }
}

bool FloodServer::send(const Socket& socket, const std::string& bytes) const {
  for (std::size_t sent = 0; sent < bytes.size() && !over_;) {
    const auto now =
        ::send(socket.fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (now >= 0) {
      sent += static_cast<std::size_t>(now);
    } else if (errno == EAGAIN) {
      pollfd waiting{.fd = socket.fd(), .events = POLLOUT, .revents = 0};
      ::poll(&waiting, 1, kPatience);
    } else {
      return false;
    }
  }
  return !over_;
}

bool FloodServer::receive(const Socket& socket, std::string& bytes, std::size_t count) const {
  bytes.resize(count);
  for (std::size_t received = 0; received < count;) {
    pollfd waiting{.fd = socket.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kPatience) == 1) {
      const auto now = ::recv(socket.fd(), bytes.data() + received, count - received, 0);
      if (now <= 0) {
        return false;
      }
      received += static_cast<std::size_t>(now);
    } else if (over_) {
      return false;
    }
  }
  return true;
}

bool FloodServer::log_in(const Socket& socket) {
  std::string bytes;
  while (true) {
    if (!receive(socket, bytes, 4)) {
      return false;
    }
    std::uint32_t length = 0;
    std::copy_n(bytes.data(), 4, reinterpret_cast<char*>(&length));
    if (!receive(socket, bytes, ntohl(length) - 4)) {
      return false;
    }
    if (bytes.substr(0, 4) != integer(80877103) && bytes.substr(0, 4) != integer(80877104)) {
      break;
    }
    if (!send(socket, "N")) {  // neither TLS nor GSSAPI
      return false;
    }
  }
  ++logins_;
  std::string hello = message('R', integer(0)) + parameter("server_version", "15.4");
  if (flood_ == Flood::LoginParameters) {
    return send(socket, hello);
  }
  return send(
      socket,
      hello + parameter("client_encoding", "UTF8") + message('K', integer(kPid) + integer(1)) +
          ready()
  );
}

// True when it is time to flood.
bool FloodServer::answer_queries(const Socket& socket) {
  while (flood_ != Flood::LoginParameters) {
    std::string head;
    std::string body;
    if (!receive(socket, head, 5)) {
      return false;
    }
    std::uint32_t length = 0;
    std::copy_n(head.data() + 1, 4, reinterpret_cast<char*>(&length));
    if (!receive(socket, body, ntohl(length) - 4)) {
      return false;
    }
    if (head.front() != 'Q') {
      return true;
    }
    const bool asks_for_pid = body.find("pg_backend_pid") != std::string::npos;
    const std::string answer =
        asks_for_pid ? one_column("pid") + row(std::to_string(kPid)) + complete("SELECT 1")
                     : complete("SET");
    if (!send(socket, answer + ready())) {
      return false;
    }
  }
  return true;
}

void FloodServer::flood(const Socket& socket) {
  std::uint64_t sent = 0;
  std::string bytes = beginning(flood_);
  for (int turn = 0; send(socket, bytes); ++turn) {
    sent += bytes.size();
    bytes = endless(flood_, turn);
    most_sent_ = std::max<std::uint64_t>(most_sent_, sent);
  }
}

}  // namespace pgrepl::testing
