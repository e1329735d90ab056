#include "process_facts.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace pgrepl {

namespace {

// The fields of /proc/self/stat after the command's name (proc(5)): the first is field 3, a letter,
// which is left at 0.
std::vector<double> stat_fields() {
  std::ifstream file{"/proc/self/stat"};
  std::string line;
  std::getline(file, line);
  std::vector<double> fields;
  const std::size_t name_end = line.rfind(") ");
  if (name_end == std::string::npos) {
    return fields;
  }
  const char* at = line.data() + name_end + 1;
  const char* const end = line.data() + line.size();
  while (at != end) {
    ++at;  // the blank
    double value = 0;
    std::from_chars(at, end, value);
    fields.push_back(value);
    at = std::find(at, end, ' ');
  }
  return fields;
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

}  // namespace

metrics::ProcessFacts read_process_facts() {
  metrics::ProcessFacts facts;
  const auto fields = stat_fields();
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  // Fields 14 utime, 15 stime, 22 starttime, 23 vsize, 24 rss, counted from 1.
  if (fields.size() > 24 - 3) {
    facts.cpu_seconds = (fields[14 - 3] + fields[15 - 3]) / ticks;
    facts.virtual_memory_bytes = fields[23 - 3];
    facts.resident_memory_bytes = fields[24 - 3] * static_cast<double>(sysconf(_SC_PAGESIZE));
    // Read once: it takes the kernel long to write that file, and where the clock is set, a start
    // that moves with it would look like a restart.
    static const auto boot = boot_time_seconds();
    if (boot) {
      facts.start_time_seconds = *boot + fields[22 - 3] / ticks;
    }
  }
  facts.open_fds = count_open_fds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    facts.max_fds = static_cast<double>(limit.rlim_cur);
  }
  return facts;
}

}  // namespace pgrepl
