// A TCP proxy on a loopback port before a server on another: the network's failures, at will.
// Each call has taken effect when it returns.
#pragma once

#include "support/reserved_port.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace pgrepl::testing {

// Other loopback addresses than 127.0.0.1, for what tells servers apart by address.
struct GateAddresses {
  std::string listen = "127.0.0.1";
  std::uint16_t port = 0;            // to listen on; one of its own if 0
  std::string source = "127.0.0.1";  // what the server takes for its client's address
  // Further servers: connections go to all of them in turn, as a load balancer's do.
  std::vector<std::uint16_t> also = {};
};

class TcpGate {
 public:
  explicit TcpGate(std::uint16_t server_port, GateAddresses addresses = {});
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  [[nodiscard]] std::uint16_t port() const {
    return addresses_.port != 0 ? addresses_.port : port_.number();
  }

  // Undoes all that follows. Connections that lost bytes meanwhile are reset.
  void pass();

  // Swallows every byte, keeps connections and silently accepts new ones: a firewall that drops.
  void drop();

  // Keeps every byte back until pass(): a partition that heals before anybody gives up.
  void hold();

  // Resets connections and refuses new ones: a host that is up without the server.
  void refuse();

  // Each byte arrives that much later, in each direction; zero ends it.
  void delay(std::chrono::milliseconds each_way);

  // Every connection is reset once the server has sent that many bytes more on it.
  void close_midway(std::size_t bytes);

  // Connections open at this moment.
  [[nodiscard]] std::size_t connections() const;

 private:
  enum class Mode : std::uint8_t { Pass, Drop, Hold, Refuse };

  struct Plan {
    Mode mode = Mode::Pass;
    std::chrono::milliseconds delay{0};
    std::optional<std::size_t> close_after;
    std::uint64_t version = 0;
    bool stop = false;
  };

  class Loop;

  template <class Change>
  void change(Change apply);

  ReservedPort port_;
  std::uint16_t server_port_;
  GateAddresses addresses_;
  int wake_ = -1;  // eventfd: the plan has changed
  mutable std::mutex mutex_;
  Plan plan_;
  std::uint64_t obeyed_version_ = 0;
  std::size_t connections_ = 0;
  std::thread thread_;
};

}  // namespace pgrepl::testing
