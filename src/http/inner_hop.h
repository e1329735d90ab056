// Which connections to the HTTP library's own port are our front's.
//
// The library listens on 127.0.0.1, where every account of the machine could connect, past TLS and
// past client certificates. So only those connections are answered that the front itself has made,
// known by their source port: the front binds a port, notes it here, connects, and strikes it out
// before it closes. While it is noted the port is the front's, and the kernel gives no other socket
// the same pair of addresses, so nobody can take it over, and no secret travels that could leak.
// The front holds as many of them as the library has threads (http/lanes.h), so that a stranger
// gets no thread either. Logins are checked behind this, on every request.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>

namespace pgrepl::http {

// Headers of the front's own, which are taken away from what clients send.
// The request's target, as RequestHead has it. The library is asked for "/" always: it would decode
// and clean a path in ways of its own, and the front has decided by the path already.
inline constexpr const char* kTarget = "x-front-target";
// Only the login of this request is to be checked.
inline constexpr const char* kLoginOnly = "x-front-login-only";

enum class InnerPeer : std::uint8_t {
  Stranger,
  NewLane,  // the front's, and this is its first request, which asks for nothing
  Lane,
};

class InnerHop {
 public:
  void note(std::uint16_t source_port) {
    const std::lock_guard lock{mutex_};
    greeted_[source_port] = false;
  }

  void strike(std::uint16_t source_port) {
    const std::lock_guard lock{mutex_};
    greeted_.erase(source_port);
  }

  // Who sends the request that has just come. Asked once for each request.
  [[nodiscard]] InnerPeer meet(std::string_view source_address, std::uint16_t source_port) {
    const std::lock_guard lock{mutex_};
    const auto found = greeted_.find(source_port);
    if (source_address != "127.0.0.1" || found == greeted_.end()) {
      return InnerPeer::Stranger;
    }
    const bool was_greeted = found->second;
    found->second = true;
    return was_greeted ? InnerPeer::Lane : InnerPeer::NewLane;
  }

 private:
  std::mutex mutex_;
  std::map<std::uint16_t, bool> greeted_;  // source port → whether its first request has come
};

}  // namespace pgrepl::http
