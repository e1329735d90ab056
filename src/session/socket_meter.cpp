#include "session/socket_meter.h"

#include <cerrno>
#include <unordered_map>

#include <dlfcn.h>
#include <sys/types.h>

namespace pgrepl::session {

namespace {

using Meters = std::unordered_map<int, SocketMeter*>;

Meters& meters() {
  thread_local Meters of_this_thread;
  return of_this_thread;
}

}  // namespace

void SocketMeter::start(int socket) {
  if (socket != socket_) {
    stop();
    socket_ = socket;
    total_ = 0;
  }
  meters()[socket] = this;
}

void SocketMeter::stop() {
  // libpq may have closed the socket already, and another connection may have got its number.
  const auto found = meters().find(socket_);
  if (found != meters().end() && found->second == this) {
    meters().erase(found);
  }
  socket_ = -1;
}

void SocketMeter::count(std::size_t bytes) {
  left_ -= bytes;
  total_ += bytes;
}

}  // namespace pgrepl::session

using Receive = ssize_t (*)(int, void*, std::size_t, int);

// <sys/socket.h> is not included here: where the C library checks buffers, it defines recv() there.
extern "C" [[gnu::visibility("default")]] ssize_t recv(
    int socket, void* buffer, std::size_t length, int flags
) {
  static const auto next = reinterpret_cast<Receive>(::dlsym(RTLD_NEXT, "recv"));
  const auto& meters = pgrepl::session::meters();
  const auto found = meters.find(socket);
  if (found == meters.end()) {
    return next(socket, buffer, length, flags);
  }
  pgrepl::session::SocketMeter& meter = *found->second;
  const std::size_t admitted = meter.admits(length);
  if (admitted == 0 && length != 0) {
    errno = EAGAIN;
    return -1;
  }
  const ssize_t received = next(socket, buffer, admitted, flags);
  if (received > 0) {
    meter.count(static_cast<std::size_t>(received));
  }
  return received;
}
