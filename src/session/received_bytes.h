// How many bytes a socket has brought, whoever read them.
#pragma once

#include <cstdint>

namespace pgrepl::session {

// Counts what libpq reads, which has no limit of its own and tells nobody how much it has read.
class ReceivedBytes {
 public:
  // What is to be counted. What a socket brought before counts as well, over TCP; over a Unix
  // socket the count goes on when it is the same one.
  void start(int socket);

  // Around each read. Over TCP the kernel counts exactly, with what it holds for us. A Unix socket
  // has no such count: what left its queue is taken, and 8 kB, libpq's least read, when the server
  // filled the queue again meanwhile.
  void before_read();
  void after_read();

  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  int socket_ = -1;
  bool counted_by_kernel_ = false;
  std::uint64_t waiting_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace pgrepl::session
