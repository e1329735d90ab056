// Which connections to the HTTP library's own port come from our TLS front.
//
// The library listens on 127.0.0.1, where every account of the machine could connect, past TLS and
// past client certificates. So only those connections are answered that the front itself has made,
// known by their source port: the front binds a port, notes it here, connects, and strikes it out
// before it closes. While it is noted the port is the front's, and the kernel gives no other socket
// the same pair of addresses, so nobody can take it over, and no secret travels that could leak.
// Logins are checked behind this, on every request.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string_view>

namespace pgrepl::http {

class InnerHop {
 public:
  void note(std::uint16_t source_port) {
    const std::lock_guard lock{mutex_};
    ports_.insert(source_port);
  }

  void strike(std::uint16_t source_port) {
    const std::lock_guard lock{mutex_};
    ports_.erase(source_port);
  }

  [[nodiscard]] bool admits(std::string_view source_address, std::uint16_t source_port) const {
    const std::lock_guard lock{mutex_};
    return source_address == "127.0.0.1" && ports_.contains(source_port);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::uint16_t> ports_;
};

}  // namespace pgrepl::http
