// Clients as bad as they come, and the scraper beside them: plain or TLS, IPv4 or IPv6, blocking
// with a limit of a second for each step.
#pragma once

#include "support/tcp_socket.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

namespace pgrepl::testing {

enum class Entrance : std::uint8_t { V4, V6, Tls };

struct Door {
  Entrance entrance = Entrance::V4;
  std::uint16_t port = 0;
};

class SiegeClient {
 public:
  // Connects and, at a TLS door, shakes hands unless `silent`. Not open when that fails.
  explicit SiegeClient(const Door& door, bool silent = false, const std::string& source = {});

  [[nodiscard]] bool open() const { return socket_.open(); }

  // Whether all of it went into the socket.
  bool send(std::string_view bytes);
  // What came within a second at most; empty when nothing did.
  [[nodiscard]] std::string receive();
  // Whether the server has hung up, without waiting.
  [[nodiscard]] bool was_hung_up() const;

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  Socket socket_;
  std::unique_ptr<SSL, Free> ssl_;
};

// One GET on a connection of its own: how long it took, and the status; absent without an answer
// within ten seconds.
struct Asked {
  std::optional<int> status;
  std::chrono::duration<double> took{0};
};

[[nodiscard]] Asked ask(
    const Door& door,
    const std::string& path,
    const std::string& headers = {},
    const std::string& source = {}
);

}  // namespace pgrepl::testing
