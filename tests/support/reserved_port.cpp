#include "support/reserved_port.h"

#include "support/tcp_socket.h"

#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgrepl::testing {

namespace {

// Below the range that the kernel gives to outgoing connections (32768 and up).
constexpr int kFirst = 20000;
constexpr int kCount = 10000;

// One lock file per port, shared by all users: a lock ends with its process, however that ends.
int try_lock(std::uint16_t port) {
  const std::filesystem::path directory = "/tmp/pgrepl-test-ports";
  mkdir(directory.c_str(), 0700);
  chmod(directory.c_str(), S_ISVTX | 0777);
  const auto file = directory / std::to_string(port);
  int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    fd = open(file.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  }
  if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    fd = -1;
  }
  return fd;
}

bool can_bind(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return free;
}

}  // namespace

ReservedPort::ReservedPort() {
  std::random_device random;
  const auto start = static_cast<int>(random() % kCount);
  for (int step = 0; step < kCount; ++step) {
    number_ = static_cast<std::uint16_t>(kFirst + (start + step) % kCount);
    lock_ = try_lock(number_);
    if (lock_ >= 0 && can_bind(number_)) {
      return;
    }
    if (lock_ >= 0) {
      close(lock_);
    }
  }
  throw std::runtime_error("no free port on 127.0.0.1");
}

ReservedPort::~ReservedPort() {
  close(lock_);
}

}  // namespace pgrepl::testing
