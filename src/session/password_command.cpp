#include "session/password_command.h"

#include "files/read.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace pgrepl::session {

namespace {

using Clock = std::chrono::steady_clock;

std::string reason_of(int error) {
  return std::system_category().message(error);
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}

  ~Descriptor() { close(); }

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void close() {
    if (number_ >= 0) {
      ::close(std::exchange(number_, -1));
    }
  }

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

// How the child is started: with a group of its own, so that all that it starts can be ended, and
// with signals as a program expects them.
class Manners {
 public:
  explicit Manners(int output) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    );
  }

  ~Manners() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }

  Manners(const Manners&) = delete;
  Manners& operator=(const Manners&) = delete;

  // 0, or the error.
  int spawn(pid_t& child, const std::vector<std::string>& command) const {
    std::vector<char*> words;
    for (const std::string& word : command) {
      words.push_back(const_cast<char*>(word.c_str()));  // NOLINT: as POSIX has it
    }
    words.push_back(nullptr);
    return posix_spawn(&child, words[0], &files_, &attributes_, words.data(), environ);
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

// A child that is ended, with its group, and taken leave of, however we leave.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}

  ~Child() {
    if (pid_ > 0) {
      kill(-pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Its wait status; absent when it runs still.
  std::optional<int> wait_until(Clock::time_point end) {
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
      if (Clock::now() >= end) {
        return std::nullopt;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    kill(-pid_, SIGKILL);  // what it left behind
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_;
};

// All that comes out of the pipe. The error is the rest of a sentence about the program.
Expected<std::string, std::string> read_all(int pipe, Clock::time_point end) {
  std::string text;
  std::array<char, 4096> some{};
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd ready{.fd = pipe, .events = POLLIN, .revents = 0};
    const int polled = left <= 0 ? 0 : poll(&ready, 1, static_cast<int>(left));
    if (polled == 0) {
      return Unexpected<std::string>{"did not end in time"};
    }
    const ssize_t size = polled < 0 ? -1 : read(pipe, some.data(), some.size());
    if (size < 0 && errno != EINTR) {
      return Unexpected{"cannot be read from: " + reason_of(errno)};
    }
    if (size == 0) {
      return text;
    }
    text.append(some.data(), static_cast<std::size_t>(size < 0 ? 0 : size));
    if (text.size() > files::kLargestPassword) {
      return Unexpected<std::string>{"prints more than 65536 bytes"};
    }
  }
}

Expected<std::string, std::string> printed_by(
    const std::vector<std::string>& command, std::chrono::milliseconds time
) {
  const auto end = Clock::now() + time;
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Unexpected{"cannot be started: " + reason_of(errno)};
  }
  const Descriptor from{ends[0]};
  Descriptor into{ends[1]};
  pid_t pid = 0;
  if (const int problem = Manners{into.number()}.spawn(pid, command); problem != 0) {
    return Unexpected{"cannot be started: " + reason_of(problem)};
  }
  Child child{pid};
  into.close();
  auto text = read_all(from.number(), end);
  if (!text) {
    return text;
  }
  const auto status = child.wait_until(end);
  if (!status) {
    return Unexpected<std::string>{"did not end in time"};
  }
  if (!WIFEXITED(*status)) {
    return Unexpected{"was ended by signal " + std::to_string(WTERMSIG(*status))};
  }
  if (WEXITSTATUS(*status) != 0) {
    return Unexpected{"ended with status " + std::to_string(WEXITSTATUS(*status))};
  }
  return text;
}

struct Placeholder {
  std::string_view name;
  std::string value;
};

// In one pass: a value that looks like a placeholder is none.
std::string expanded(std::string_view word, const std::array<Placeholder, 4>& placeholders) {
  std::string text;
  while (!word.empty()) {
    const auto found = std::ranges::find_if(placeholders, [word](const Placeholder& one) {
      return word.starts_with(one.name);
    });
    const bool is_letter = found == placeholders.end();
    text += is_letter ? std::string{word.substr(0, 1)} : found->value;
    word.remove_prefix(is_letter ? 1 : found->name.size());
  }
  return text;
}

}  // namespace

std::vector<std::string> expand_password_command(const pg::ConnInfo& conninfo) {
  std::vector<std::string> command = conninfo.password_command;
  const std::array<Placeholder, 4> placeholders{{
      {"{host}", conninfo.endpoint.host},
      {"{port}", std::to_string(conninfo.endpoint.port)},
      {"{user}", std::string{conninfo.parameter("user").value_or("")}},
      {"{dbname}", std::string{conninfo.parameter("dbname").value_or("")}},
  }};
  for (std::size_t i = 1; i < command.size(); ++i) {
    command[i] = expanded(command[i], placeholders);
  }
  return command;
}

Brought run_password_command(
    const std::vector<std::string>& command, std::chrono::milliseconds time
) {
  const std::string who = "password_command " + command.front() + ' ';
  auto text = printed_by(command, time);
  if (!text) {
    return Unexpected{who + text.error()};
  }
  text->erase(text->find_last_not_of("\r\n") + 1);
  if (text->empty()) {
    return Unexpected{who + "prints nothing"};
  }
  if (text->find('\0') != std::string::npos) {
    return Unexpected{who + "prints a zero byte, which no password has"};
  }
  return std::vector<std::string>{std::move(*text)};
}

}  // namespace pgrepl::session
