#include "files/read.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgrepl::files {

namespace {

using Text = Expected<std::string, std::string>;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}

  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

std::string reason_of(int error) {
  return error == ENOENT ? "does not exist"
                         : "cannot be read: " + std::generic_category().message(error);
}

// Absent for a regular file.
std::optional<std::string> irregular(mode_t mode) {
  if (S_ISREG(mode)) {
    return std::nullopt;
  }
  if (S_ISDIR(mode)) {
    return "is a directory, not a regular file";
  }
  if (S_ISFIFO(mode)) {
    return "is a named pipe, not a regular file";
  }
  if (S_ISSOCK(mode)) {
    return "is a socket, not a regular file";
  }
  return "is a device, not a regular file";
}

// The size that a file says it has is not believed: it may grow, and files of /proc say 0.
Text read_to_end(const Descriptor& file, std::size_t largest) {
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
    if (count == 0) {
      return text;
    }
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return Unexpected{reason_of(errno)};
    }
    if (static_cast<std::size_t>(count) > largest - text.size()) {
      return Unexpected{"is larger than " + std::to_string(largest) + " bytes"};
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

std::optional<std::string> why_not_regular(const std::string& path) {
  struct stat found {};

  return ::stat(path.c_str(), &found) == 0 ? irregular(found.st_mode) : std::nullopt;
}

Text read(const std::string& path, std::size_t largest) {
  if (path.find('\0') != std::string::npos) {
    return Unexpected{std::string{"cannot be read: a file name holds no null byte"}};
  }
  // Before it is opened, for opening a device may already do something.
  if (auto reason = why_not_regular(path)) {
    return Unexpected{std::move(*reason)};
  }
  // O_NONBLOCK, for it may have become a named pipe since.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};

  struct stat found {};

  if (file.number() < 0 || ::fstat(file.number(), &found) != 0) {
    return Unexpected{reason_of(errno)};
  }
  if (auto reason = irregular(found.st_mode)) {
    return Unexpected{std::move(*reason)};
  }
  return read_to_end(file, largest);
}

Text read_password(const std::string& path) {
  auto text = read(path, kLargestPassword);
  if (text) {
    text->erase(text->find_last_not_of("\r\n") + 1);
  }
  return text;
}

}  // namespace pgrepl::files
