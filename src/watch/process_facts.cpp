#include "watch/process_facts.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

namespace pgrepl::watch {

namespace {

// The numbers of a file in /proc, after those that are no numbers.
std::vector<double> numbers_of(const char* path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  // In "stat", the command's name is in parentheses and may hold anything (proc(5)).
  const std::size_t name_end = line.rfind(") ");
  const char* at = line.data() + (name_end == std::string::npos ? 0 : name_end + 2);
  const char* const end = line.data() + line.size();
  std::vector<double> numbers;
  while (at < end) {
    double value = 0;
    std::from_chars(at, end, value);
    numbers.push_back(value);
    at = std::find(at, end, ' ');
    at += at == end ? 0 : 1;
  }
  return numbers;
}

std::optional<double> boot_time_seconds() {
  std::ifstream file{"/proc/stat"};
  for (std::string key; file >> key;) {
    double value = 0;
    if (key == "btime" && file >> value) {
      return value;
    }
    file.ignore(1 << 20, '\n');
  }
  return std::nullopt;
}

// In seconds since the epoch. Where the clock is set, a start that moves with it would look like a
// restart, so it is read once; it also takes the kernel long.
std::optional<double> start_time() {
  const auto boot = boot_time_seconds();
  const auto fields = numbers_of("/proc/self/stat");
  constexpr std::size_t kStartTime = 22 - 3;  // the first after the name is field 3
  if (!boot || fields.size() <= kStartTime) {
    return std::nullopt;
  }
  return *boot + fields[kStartTime] / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::optional<double> count_open_fds() {
  std::error_code problem;
  double count = 0;
  for (std::filesystem::directory_iterator it{"/proc/self/fd", problem}, end; !problem && it != end;
       it.increment(problem)) {
    count += 1;
  }
  // The directory's own descriptor is among them.
  return problem ? std::nullopt : std::optional{count - 1};
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

metrics::ProcessFacts read_process_facts() {
  static const auto started = start_time();
  metrics::ProcessFacts facts;
  facts.start_time_seconds = started;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    facts.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  const auto pages = numbers_of("/proc/self/statm");
  if (pages.size() >= 2) {
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    facts.virtual_memory_bytes = pages[0] * page;
    facts.resident_memory_bytes = pages[1] * page;
  }
  facts.open_fds = count_open_fds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    facts.max_fds = static_cast<double>(limit.rlim_cur);
  }
  return facts;
}

}  // namespace pgrepl::watch
