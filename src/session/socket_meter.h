// How much libpq may read from its socket, and how much it has read.
//
// libpq has no limit of its own: one call of PQconsumeInput reads for as long as the server sends
// as fast as it is read. So the program defines recv(), which libpq calls for every read, with TLS
// and without (PostgreSQL 13 to 19, fe-secure.c, pqsecure_raw_read). Ours passes each call on to
// the C library; for a metered socket it counts, and answers EAGAIN once the allowance is used up.
// For libpq that is a socket with nothing more to read for now.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pgrepl::session {

// The meter of one socket at a time. It counts what the thread reads that called start(), so that
// all calls come from one thread: the loop's.
class SocketMeter {
 public:
  SocketMeter() = default;

  ~SocketMeter() { stop(); }

  SocketMeter(const SocketMeter&) = delete;
  SocketMeter& operator=(const SocketMeter&) = delete;

  // Meters `socket` from now on. With another socket than before, the count begins anew.
  void start(int socket);

  // Meters none. The count stays.
  void stop();

  // libpq may read so many bytes from now on. What was left of the last allowance is forgotten.
  void allow(std::size_t bytes) { left_ = bytes; }

  // The bytes that the socket has brought.
  [[nodiscard]] std::uint64_t total() const { return total_; }

  // Of `wanted` bytes, as many as may be read now.
  [[nodiscard]] std::size_t admits(std::size_t wanted) const {
    return wanted < left_ ? wanted : left_;
  }

  // So many were read.
  void count(std::size_t bytes);

 private:
  int socket_ = -1;
  std::size_t left_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace pgrepl::session
