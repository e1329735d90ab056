#include "support/process.h"

#include "support/wait_until.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pgrepl::testing {

namespace {

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int open_output(const std::filesystem::path& log) {
  const int fd = log.empty() ? memfd_create("output", MFD_CLOEXEC)
                             : open(log.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw_errno("cannot open output " + log.string());
  }
  return fd;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const auto& string : strings) {
    result.push_back(const_cast<char*>(string.c_str()));  // NOLINT: execve's signature
  }
  result.push_back(nullptr);
  return result;
}

// What the child needs, prepared before the fork: after it only async-signal-safe calls are
// allowed.
struct Launch {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::optional<Account> account;
  int output = -1;
  int death_signal = 0;
  pid_t parent = 0;
};

bool become(const Account& account) {
  return setgroups(1, &account.group) == 0 && setgid(account.group) == 0 &&
         setuid(account.user) == 0 && chdir("/") == 0;
}

[[noreturn]] void run_child(const Launch& launch) {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(launch.output, STDOUT_FILENO);
  dup2(launch.output, STDERR_FILENO);
  // The death signal is set last: changing the user clears it.
  if ((launch.account && !become(*launch.account)) ||
      prctl(PR_SET_PDEATHSIG, launch.death_signal) != 0 || getppid() != launch.parent) {
    _exit(126);
  }
  execve(launch.arguments.front(), launch.arguments.data(), launch.environment.data());
  _exit(127);
}

int exit_status(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct Stat {
  char state = '?';
  pid_t parent = 0;
};

// /proc/PID/stat: the command in parentheses may hold anything, so read from the last one.
std::optional<Stat> read_stat(const std::filesystem::path& directory) {
  std::ifstream file{directory / "stat"};
  std::string line;
  if (!std::getline(file, line)) {
    return std::nullopt;
  }
  const auto end = line.rfind(')');
  if (end == std::string::npos || end + 4 >= line.size()) {
    return std::nullopt;
  }
  return Stat{.state = line[end + 2], .parent = std::stoi(line.substr(end + 4))};
}

}  // namespace

std::vector<std::string> environment_without(const std::vector<std::string>& dropped) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (std::none_of(dropped.begin(), dropped.end(), [text](const std::string& prefix) {
          return text.starts_with(prefix);
        })) {
      result.emplace_back(text);
    }
  }
  return result;
}

Process::Process(const Command& command) : output_(open_output(command.log)) {
  const Launch launch{
      .arguments = pointers(command.arguments),
      .environment = pointers(command.environment),
      .account = command.account,
      .output = output_,
      .death_signal = command.death_signal,
      .parent = getpid()};
  pid_ = fork();
  if (pid_ == 0) {
    run_child(launch);
  }
  if (pid_ < 0) {
    close(output_);
    throw_errno("cannot fork");
  }
}

Process::~Process() {
  if (running()) {
    signal(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(output_);
}

bool Process::running() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = exit_status(status);
  }
  return !status_;
}

void Process::signal(int number) const {
  if (!status_) {
    ::kill(pid_, number);
  }
}

std::optional<int> Process::wait(std::chrono::steady_clock::duration patience) {
  (void)wait_until([this] { return !running(); }, patience);
  return status_;
}

std::string Process::output() const {
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t count = 0;
  while ((count = pread(output_, buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0
  ) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::string run(const Command& command) {
  Process process{command};
  const auto status = process.wait(std::chrono::minutes{2});
  if (status != 0) {
    throw std::runtime_error(
        command.arguments.front() + (status ? " failed: " : " does not end: ") + process.output()
    );
  }
  return process.output();
}

std::vector<pid_t> descendants(pid_t ancestor) {
  std::vector<std::pair<pid_t, pid_t>> parents;  // process, its parent
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const auto name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      continue;
    }
    if (const auto stat = read_stat(entry.path()); stat && stat->state != 'Z') {
      parents.emplace_back(std::stoi(name), stat->parent);
    }
  }
  std::vector<pid_t> family{ancestor};
  for (std::size_t next = 0; next < family.size(); ++next) {
    for (const auto& [pid, parent] : parents) {
      if (parent == family[next]) {
        family.push_back(pid);
      }
    }
  }
  family.erase(family.begin());
  return family;
}

std::optional<char> process_state(pid_t pid) {
  const auto stat = read_stat(std::filesystem::path{"/proc"} / std::to_string(pid));
  return stat ? std::optional{stat->state} : std::nullopt;
}

}  // namespace pgrepl::testing
