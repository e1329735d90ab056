// A child process that cannot outlive the test: it is killed with the object, and by the kernel
// when the thread that started it ends.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pgrepl::testing {

struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

struct Command {
  std::vector<std::string> arguments = {};    // the first is the program's path
  std::vector<std::string> environment = {};  // "NAME=value", all of it
  std::optional<Account> account = {};        // whom to become; needs root
  std::filesystem::path log = {};             // where output is appended; kept in memory if empty
  int death_signal = SIGKILL;                 // what the kernel sends when we are gone
};

// The environment of this process without the names that begin with one of `dropped`.
[[nodiscard]] std::vector<std::string> environment_without(const std::vector<std::string>& dropped);

class Process {
 public:
  explicit Process(const Command& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  [[nodiscard]] bool running();
  void signal(int number) const;

  // The exit status, 128 + N after signal N; absent while it runs on after `patience`.
  [[nodiscard]] std::optional<int> wait(std::chrono::steady_clock::duration patience);

  // All that it wrote to stdout and stderr so far.
  [[nodiscard]] std::string output() const;

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::optional<int> status_;
};

// Runs a command to its end; throws with its output when it fails.
std::string run(const Command& command);

// Every live process below `ancestor`, which is not among them.
[[nodiscard]] std::vector<pid_t> descendants(pid_t ancestor);

// The state letter of proc(5); absent when there is no such process.
[[nodiscard]] std::optional<char> process_state(pid_t pid);

}  // namespace pgrepl::testing
