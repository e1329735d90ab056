// Hands IPv6 connections on to a server on 127.0.0.1, where the HTTP library was built without IPv6
// (Debian's is).
#pragma once

#include "support/expected.h"

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

namespace pgrepl::http {

class Ipv6Relay {
 public:
  // Listens at `host`, "::" for every interface, and a port, 0 for a free one.
  [[nodiscard]] static Expected<std::unique_ptr<Ipv6Relay>, std::error_code> start(
      const std::string& host, std::uint16_t port, std::uint16_t target_port
  );

  // Cuts connections under way.
  ~Ipv6Relay();
  Ipv6Relay(const Ipv6Relay&) = delete;
  Ipv6Relay& operator=(const Ipv6Relay&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  class Loop;
  explicit Ipv6Relay(std::unique_ptr<Loop> loop);

  std::unique_ptr<Loop> loop_;
};

}  // namespace pgrepl::http
