// A peer that speaks the protocol's version 3 as far as a login, and then sends without end. It is
// no PostgreSQL: it is for what no PostgreSQL does, and for bytes that nobody should store.
#pragma once

#include "support/reserved_port.h"
#include "support/tcp_socket.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace pgrepl::testing {

enum class Flood : std::uint8_t {
  Rows,             // without end, of 100 bytes each
  NarrowRows,       // likewise, of no byte each
  OneRow,           // of a gigabyte
  Notifications,    // without end, before any row
  Notices,          // likewise
  Parameters,       // likewise: ParameterStatus, each of another name
  Error,            // a message of 40 MB
  LoginParameters,  // ParameterStatus without end before the login is over
};

class FloodServer {
 public:
  // Answers the statements that pin settings, and floods at the first one after them.
  explicit FloodServer(Flood flood);
  ~FloodServer();
  FloodServer(const FloodServer&) = delete;
  FloodServer& operator=(const FloodServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_.number(); }

  // How many bytes it could send over one connection, at most.
  [[nodiscard]] std::uint64_t most_sent() const { return most_sent_; }

  [[nodiscard]] int logins() const { return logins_; }

 private:
  void accept_all();
  void serve(Socket socket);
  // False when the peer has gone, or the test is over.
  bool log_in(const Socket& socket);
  bool answer_queries(const Socket& socket);
  void flood(const Socket& socket);
  [[nodiscard]] bool send(const Socket& socket, const std::string& bytes) const;
  [[nodiscard]] bool receive(const Socket& socket, std::string& bytes, std::size_t count) const;

  Flood flood_;
  ReservedPort port_;
  Socket listening_;
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> most_sent_{0};
  std::atomic<int> logins_{0};
  std::vector<std::thread> peers_;
  std::thread accepting_;
};

}  // namespace pgrepl::testing
