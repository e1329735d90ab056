#include "session/received_bytes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace pgrepl::session {

namespace {

constexpr std::uint64_t kLeastRead = 8192;

// Where tcpi_bytes_received stands in the kernel's struct tcp_info (linux/tcp.h, 4.1 and newer).
// The C library's own ends before it, and the two headers exclude each other.
constexpr std::size_t kBytesReceived = 128;

// Absent when it is no TCP socket.
std::optional<std::uint64_t> received_over_tcp(int socket) {
  std::uint64_t received = 0;
  std::array<std::byte, kBytesReceived + sizeof received> info{};
  socklen_t size = info.size();
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, info.data(), &size) != 0 || size < info.size()) {
    return std::nullopt;
  }
  std::memcpy(&received, info.data() + kBytesReceived, sizeof received);
  return received;
}

std::uint64_t waiting_in(int socket) {
  int bytes = 0;
  return ::ioctl(socket, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::uint64_t>(bytes)
                                                             : 0;
}

}  // namespace

void ReceivedBytes::start(int socket) {
  const bool same = socket == std::exchange(socket_, socket);
  const auto received = received_over_tcp(socket);
  counted_by_kernel_ = received.has_value();
  total_ = received.value_or(same ? total_ : 0);
}

void ReceivedBytes::before_read() {
  if (!counted_by_kernel_) {
    waiting_ = waiting_in(socket_);
  }
}

void ReceivedBytes::after_read() {
  if (counted_by_kernel_) {
    total_ = received_over_tcp(socket_).value_or(total_);
    return;
  }
  const std::uint64_t left = waiting_in(socket_);
  const std::uint64_t taken = waiting_ > left ? waiting_ - left : 0;
  total_ += std::max(taken, std::min(waiting_, kLeastRead));
}

}  // namespace pgrepl::session
